"""`reelgate inbox`: submissions nobody can vouch for, and money that waits for somebody's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import of_failure
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.core.task import Task
    from reelgate.engine.context import Context


@click.group(help=say("inbox.help"))
def inbox() -> None:
    """Hold the commands about doubt."""


@inbox.command("list", help=say("inbox.list"))
@local
@pass_session
def list_inbox(session: Session) -> None:
    """Show what waits for a decision."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.store import tasks as rows

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            found = await ctx.backend.read(rows.in_doubt)
            shown = [_as_json(ctx, task) for task in found]
        if session.json:
            show.as_json(shown)
            return
        show.table(
            [say(f"column.{c}") for c in ("id", "status", "channel", "ref", "held", "prompt")],
            [
                [
                    task["id"],
                    task["status"],
                    task["channel"] or "-",
                    task["ref"] or "-",
                    task["held"],
                    show.shorten(task["prompt"]),
                ]
                for task in shown
            ],
            empty=say("inbox.none"),
        )

    run(work())


def _as_json(ctx: Context, found: tuple[Task, str | None]) -> dict[str, Any]:
    from reelgate.core.money import show as money

    task, ref = found
    channel = ctx.channels.get(task.channel_id or "")
    return {
        "id": task.id,
        "status": task.status.value,
        "channel": None if channel is None else channel.name,
        "ref": ref,
        "held": f"{money(task.quote)} {task.currency}",
        "disputed": task.disputed,
        "created_at": task.created_at // 1000,
        "prompt": task.request.prompt,
    }


@inbox.command("exists", help=say("inbox.exists"))
@click.argument("task_id", metavar="ID")
@click.argument("ref", metavar="REF")
@local
@pass_session
def exists(session: Session, task_id: str, ref: str) -> None:
    """Say that the upstream has the job."""
    _decide(session, task_id, "exists", ref)


@inbox.command("resend", help=say("inbox.resend"))
@click.argument("task_id", metavar="ID")
@local
@pass_session
def resend(session: Session, task_id: str) -> None:
    """Say that the job never existed."""
    _decide(session, task_id, "resend")


@inbox.command("give-up", help=say("inbox.give_up"))
@click.argument("task_id", metavar="ID")
@local
@pass_session
def give_up(session: Session, task_id: str) -> None:
    """End the task and release its money."""
    _decide(session, task_id, "give_up")


def _decide(session: Session, task_id: str, decision: str, ref: str | None = None) -> None:
    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.core.errors import CallerError
        from reelgate.engine.reconcile import Decision, decide

        async with here.opened(session.settings()) as gateway:
            try:
                task = await decide(gateway.ctx, None, task_id, Decision(decision), ref)
            except CallerError as refused:
                raise of_failure(refused.failure) from refused
        if session.json:
            show.as_json({"id": task.id, "status": task.status.value})
            return
        click.echo(say("inbox.decided", id=task.id, status=task.status.value))

    run(work())
