import type { ReactNode } from "react";
import classes from "./panel.module.css";

/** A part of a page with its name and, on the right, what can be done. */
export function Panel({
  id,
  title,
  text,
  action,
  children,
}: {
  id?: string;
  title: string;
  text?: string;
  action?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section id={id} className={classes.panel} aria-label={title}>
      <header className={classes.head}>
        <div>
          <h2 className={classes.title}>{title}</h2>
          {text ? <p className={classes.text}>{text}</p> : null}
        </div>
        {action}
      </header>
      {children}
    </section>
  );
}

/** One line of a list inside a panel. */
export function Line({
  title,
  detail,
  state,
  actions,
}: {
  title: ReactNode;
  detail?: ReactNode;
  state?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <li className={classes.line}>
      <div className={classes.body}>
        <div className={classes.name}>{title}</div>
        {detail ? <div className={classes.detail}>{detail}</div> : null}
      </div>
      {state}
      {actions ? <div className={classes.actions}>{actions}</div> : null}
    </li>
  );
}

export function Lines({ children }: { children: ReactNode }) {
  return <ul className={classes.lines}>{children}</ul>;
}
