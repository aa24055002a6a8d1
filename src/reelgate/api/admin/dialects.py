"""Dialects for whoever connects a channel: what each can do, its models, and the form its settings are."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import missing
from reelgate.api.shapes import body_of, shape_of
from reelgate.core.channel_settings import (
    ChannelSettings,
    DeclaresSettings,
    OffersStarts,
    Start,
    wrong_setting,
)
from reelgate.core.dialect import Dialect, Recorded, capabilities
from reelgate.core.retire import Sunset, sunset_of
from reelgate.engine.bootstrap import BUILT_IN


class DialectModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model a dialect's profile file names."""

    name: str
    title: str
    sunset: Sunset | None


class ShownDialect(msgspec.Struct, frozen=True, kw_only=True):
    """One dialect."""

    name: str
    title: str
    """What it is, in one line."""
    base_path: str
    """What a base address normally ends in, such as `/v1`."""
    needs_address: bool
    capabilities: tuple[str, ...]
    checked: str
    """The day its facts were last checked, ISO date."""
    tried: str
    """Whether it met its upstream: `real`, `recorded` or `no`."""
    any_model: bool
    """Whether it takes models its profile file does not name."""
    models: tuple[DialectModel, ...]
    settings: dict[str, Any] | None
    """JSON Schema of a channel's `settings`; null where the dialect does not say."""
    starts: tuple[Start, ...]
    """Settings that ship to start a channel from."""
    object: str = "dialect"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Every dialect, by name."""

    data: list[ShownDialect]
    object: str = "list"


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings to look at."""

    settings: dict[str, Any]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether settings can be used."""

    ok: bool
    param: str | None = None
    """Which one cannot."""
    reason: str | None = None


@cache
def _form(kind: type[ChannelSettings]) -> dict[str, Any]:
    return shape_of(kind)


def _shown(asked: Asked, dialect: Dialect) -> ShownDialect:
    facts = asked.ctx.profiles[dialect.name]
    recorded = getattr(dialect, "recorded", None)
    now = asked.ctx.clock.now_ms()
    return ShownDialect(
        name=dialect.name,
        title=_first_line(type(dialect)),
        base_path=recorded.base if isinstance(recorded, Recorded) else "",
        needs_address=dialect.name != BUILT_IN,
        capabilities=tuple(sorted(capabilities(dialect))),
        checked=facts.checked,
        tried=facts.tried,
        any_model=facts.fallback is not None,
        models=tuple(
            DialectModel(name=one.name, title=one.title, sunset=sunset_of(one.sunset, now))
            for one in facts.model
        ),
        settings=_form(dialect.settings) if isinstance(dialect, DeclaresSettings) else None,
        starts=tuple(dialect.starts(facts.samples)) if isinstance(dialect, OffersStarts) else (),
    )


def _first_line(kind: type[object]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


def _named(asked: Asked) -> Dialect:
    name = asked.path("name")
    dialect = asked.ctx.dialects.get(name)
    if dialect is None:
        raise missing("dialect", name)
    return dialect


async def page(asked: Asked) -> Response:
    """List every dialect."""
    return Json(Page(data=[_shown(asked, one) for _, one in sorted(asked.ctx.dialects.items())]))


async def retrieve(asked: Asked) -> Response:
    """Give one dialect."""
    return Json(_shown(asked, _named(asked)))


async def check(asked: Asked) -> Response:
    """Say whether settings can be used, a recipe or a workflow among them, before a channel has them."""
    given = await asked.door.bodies.typed(asked.request, Given)
    wrong = wrong_setting(_named(asked), given.settings)
    if wrong is None:
        return Json(Checked(ok=True))
    return Json(Checked(ok=False, param=wrong.name or None, reason=wrong.reason))


_ALL: Final = "/api/admin/dialects"
_ONE: Final = f"{_ALL}/{{name}}"

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, handler=page, summary="List dialects", tag="admin", shape=shape_of(Page)
    ),
    Operation(
        method="GET",
        path=_ONE,
        handler=retrieve,
        summary="Retrieve a dialect",
        tag="admin",
        shape=shape_of(ShownDialect),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/check",
        handler=check,
        summary="Say whether settings of a channel can be used",
        tag="admin",
        body=body_of(Given),
        shape=shape_of(Checked),
    ),
)
