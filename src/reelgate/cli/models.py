"""`reelgate models`: what can be asked for here, and what really serves it."""

from __future__ import annotations

from typing import Any

import click

from reelgate.cli import show
from reelgate.cli.client import open_api, run
from reelgate.cli.session import Session, pass_session, remote
from reelgate.cli.words import say


@click.command(help=say("models.help"))
@remote
@pass_session
def models(session: Session) -> None:
    """List the models."""

    async def work() -> None:
        async with open_api(session) as api:
            found = await api.get("/v1/models")
        if session.json:
            show.as_json(found)
            return
        show.table(
            [say(f"column.{c}") for c in ("model", "served_by", "provider", "lengths", "sizes", "usual")],
            [_row(model) for model in found["data"]],
            empty=say("models.none"),
        )

    run(work())


def _row(model: dict[str, Any]) -> list[str]:
    video: dict[str, Any] = model.get("video") or {}
    serves = str(model.get("alias_of") or model["id"])
    if video.get("generative") is False:
        serves = say("models.drawn", model=serves)
    usual = video.get("usual_seconds")
    return [
        str(model["id"]),
        serves,
        str(model.get("owned_by", "")),
        allowed(video.get("seconds")),
        allowed(video.get("sizes")),
        f"{usual} s" if usual else "-",
    ]


def allowed(values: list[Any] | dict[str, Any] | None) -> str:
    """Write a list or a range of allowed values; a dash when nothing is known."""
    if isinstance(values, dict):
        return f"{values.get('min')}-{values.get('max')}"
    return ", ".join(map(str, values)) if values else "-"
