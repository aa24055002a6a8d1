import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./shell.module.css";

type Props = { label: string; onClose: () => void; children: ReactNode };

/** Every page by its name, where there is no room for the rail. */
export default function PhoneMenu({ label, onClose, children }: Props) {
  return (
    <Drawer opened onClose={onClose} size={260} withCloseButton={false} padding={0}>
      <nav className={classes.drawer} aria-label={label}>
        {children}
      </nav>
    </Drawer>
  );
}
