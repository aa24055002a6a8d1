import type { ReactNode } from "react";
import classes from "./page.module.css";

/** A page with its name, what it is for, and on the right what can be done. */
export function Page({
  title,
  text,
  action,
  children,
}: {
  title: string;
  text?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.said}>
          <h1 className={classes.title}>{title}</h1>
          {text ? <p className={classes.text}>{text}</p> : null}
        </div>
        {action ? <div className={classes.actions}>{action}</div> : null}
      </header>
      {children}
    </div>
  );
}
