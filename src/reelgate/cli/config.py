"""`reelgate config`: the settings in force, and where each one came from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from reelgate.cli import show
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.words import say


@click.command(help=say("config.help"))
@local
@pass_session
def config(session: Session) -> None:
    """Show every setting."""
    from reelgate import settings

    given = {"data": session.data} if session.data is not None else {}
    loaded = session.settings()
    written = _written()
    found: dict[str, dict[str, Any]] = {}
    for name, field in type(loaded).model_fields.items():
        origin = settings.origin(name, given)
        if origin not in ("command line", f"REELGATE_{name.upper()}"):
            origin = "reelgate.toml" if name in written else "default"
        value = settings.shown(name, loaded.model_dump(mode="json")[name])
        found[name] = {"value": value, "from": origin, "about": field.description}
    if session.json:
        show.as_json(found)
        return
    rows = [[name, _text(one["value"]), one["from"], one["about"] or ""] for name, one in found.items()]
    show.table([say(f"column.{c}") for c in ("setting", "value", "from", "about")], rows, empty="")


def _written() -> frozenset[str]:
    path = Path("reelgate.toml")
    return frozenset(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else frozenset()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"  # pyright: ignore[reportUnknownArgumentType]
    return "-" if value is None else str(value)
