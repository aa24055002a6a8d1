"""`reelgate videos why`: every channel that was looked at for a clip, and what was said of it."""

from __future__ import annotations

from typing import Any

import click

from reelgate.cli import show
from reelgate.cli.client import open_api, run, segment
from reelgate.cli.session import Session, pass_session, remote
from reelgate.cli.words import say


@click.command("why", help=say("videos.why"))
@click.argument("video_id", metavar="ID")
@remote
@pass_session
def why(session: Session, video_id: str) -> None:
    """Show why a clip went where it went."""
    found = run(_found(session, video_id))
    if session.json:
        show.as_json(found)
        return
    for change in found["adapted"]:
        told = {"field": change["field"], "old": change["from"], "new": change["to"], "why": change["why"]}
        click.echo(say("videos.why.adapted", **told))
    for attempt in found["attempts"]:
        error: dict[str, Any] = attempt["error"] or {}
        told = {"number": attempt["number"], "channel": attempt["channel"] or attempt["channel_id"]}
        click.echo(say("videos.why.attempt", **told, state=attempt["state"], error=error.get("code") or ""))
        _table(attempt["why"])
    if found["candidates"]:
        click.echo(say("videos.why.now"))
        _table(found["candidates"])


async def _found(session: Session, video_id: str) -> dict[str, Any]:
    """Ask the server that was named, or look at the rows of the data folder."""
    if session.url:
        async with open_api(session) as api:
            return await api.get(f"/api/admin/tasks/{segment(video_id)}")
    import msgspec

    from reelgate.cli import local as here
    from reelgate.cli.trouble import of_failure
    from reelgate.core.errors import CallerError
    from reelgate.engine.explain import explain

    async with here.opened(session.settings()) as gateway:
        try:
            return msgspec.to_builtins(await explain(gateway.ctx, video_id))
        except CallerError as refused:
            raise of_failure(refused.failure) from refused


def _table(candidates: list[dict[str, Any]]) -> None:
    columns = ("channel", "reason", "free", "priority", "weight", "cost")
    show.table([say(f"column.{c}") for c in columns], [_row(c) for c in candidates], empty="")


def _row(one: dict[str, Any]) -> list[str]:
    from reelgate.core.money import Micro
    from reelgate.core.money import show as money

    reason = say(f"videos.why.{one['reason']}")
    detail = one.get("detail")
    price = one.get("price")
    return [
        one["channel"],
        f"{reason}: {detail}" if detail else reason,
        *("-" if one.get(name) is None else str(one[name]) for name in ("free", "priority", "weight")),
        "-" if price is None else money(Micro(price)),
    ]
