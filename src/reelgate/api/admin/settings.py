"""Settings: those that are changed while the installation runs, with all that a form of them needs, and those that
hold until the next start."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec
from starlette.responses import Response

from reelgate.api import noting
from reelgate.api.admin.settings_words import CHINESE
from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import structured
from reelgate.core.errors import Code, refuse
from reelgate.core.tunables import BY_KEY, Group, Kind
from reelgate.engine import tuning
from reelgate.engine.tuning import Standing
from reelgate.settings import Origin
from reelgate.store import users as user_rows


class Help(msgspec.Struct, frozen=True):
    """What a setting does, in both languages."""

    en: str
    zh: str


class Tuned(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that can be changed, and how it stands."""

    key: str
    group: Group
    kind: Kind
    least: int
    """The smallest number, or the shortest text."""
    most: int
    unlimited: bool
    """Whether 0 lifts the limit."""
    choices: list[str]
    """Values worth offering; others may be allowed too."""
    help: Help
    value: Any
    default: Any
    is_set: bool


class AllTuned(msgspec.Struct, frozen=True):
    """Every setting that can be changed."""

    data: list[Tuned]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a setting; null stands for its default."""

    id: str
    key: str
    before: Any
    value: Any
    actor: str
    """Who changed it, by id."""
    actor_name: str
    """What they are called; empty for whoever has no account here."""
    created_at: int
    """Milliseconds since 1970."""


class History(msgspec.Struct, frozen=True):
    """How a setting was changed, newest first."""

    data: list[Changed]


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that holds until the next start; secrets are left out."""

    name: str
    variable: str
    """The environment variable that sets it."""
    value: Any
    origin: Origin
    help: Help


class AllFixed(msgspec.Struct, frozen=True):
    """Every setting that holds until the next start."""

    data: list[Fixed]


class Values(msgspec.Struct, frozen=True):
    """What is to be set; null leaves a setting to its default again."""

    values: dict[str, Any]


def _tuned(one: Standing) -> Tuned:
    t = one.tunable
    return Tuned(
        key=t.key,
        group=t.group,
        kind=t.kind,
        least=t.least,
        most=t.most,
        unlimited=t.unlimited,
        choices=list(t.choices),
        help=Help(*t.help),
        value=one.value,
        default=one.default,
        is_set=one.is_set,
    )


async def page(asked: Asked) -> Response:
    """List every setting with its type, bounds, help, default and value."""
    await tuning.reload(asked.door.ctx)
    return Json(AllTuned([_tuned(one) for one in tuning.standing(asked.door.ctx)]))


async def fixed(asked: Asked) -> Response:
    """List the settings that need another start to be changed, with where each value comes from."""
    found = [
        Fixed(
            name=fact.name,
            variable=f"REELGATE_{fact.name.upper()}",
            value=fact.value,
            origin=fact.origin,
            help=Help(fact.about, CHINESE.get(fact.name, fact.about)),
        )
        for fact in asked.door.house.facts
        if fact.name not in BY_KEY
    ]
    return Json(AllFixed(found))


async def change(asked: Asked) -> Response:
    """Set the settings that are named, all or none; null leaves one to its default again."""
    async with asked.door.bodies.read(asked.request) as fields:
        values = structured(fields.take("values"))
    if not isinstance(values, dict) or not values:
        raise refuse(
            Code.INVALID_REQUEST, '`values` must name settings: `{"prompt_max": 10000}`.', param="values"
        )
    wanted = cast("dict[str, Any]", values)
    noting.before(asked, {key: asked.ctx.tuning.value(key) for key in wanted if key in BY_KEY})
    await tuning.change(asked.ctx, asked.principal.user_id, wanted)
    await tuning.reload(asked.door.ctx)
    return await page(asked)


async def history(asked: Asked) -> Response:
    """List how a setting was changed, newest first."""
    found = await tuning.history(asked.ctx, asked.path("key"))
    actors = {one.actor for one in found}
    names = await asked.ctx.backend.read(lambda conn: user_rows.names(conn, actors))
    shown = [Changed(**msgspec.structs.asdict(one), actor_name=names.get(one.actor, "")) for one in found]
    return Json(History(shown))


def _operation(method: Any, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    whole = f"/api/admin/settings{path}"
    return Operation(method=method, path=whole, handler=handler, summary=summary, tag="admin", **more)


OPERATIONS: Final = (
    _operation("GET", "", page, "List settings that can be changed at run time", gives=AllTuned),
    _operation("POST", "", change, "Change settings", takes=Values, gives=AllTuned),
    _operation("GET", "/fixed", fixed, "List settings that hold until the next start", gives=AllFixed),
    _operation("GET", "/{key}/history", history, "List how a setting was changed", gives=History),
)
