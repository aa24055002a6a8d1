"""Tuning: settings changed while the installation runs, taken over by every process within a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from reelgate.core.errors import Code, refuse
from reelgate.core.tunables import BY_KEY, TUNABLES, Tunable, Wrong, check
from reelgate.store import settings as setting_rows
from reelgate.store.settings import Changed
from reelgate.telemetry import log

if TYPE_CHECKING:
    from reelgate.engine.context import Context, Limits, Rules
    from reelgate.engine.limits import Defaults
    from reelgate.store.backend import Connection

_PREFIX: Final = "tune."


class Tuning:
    """What the environment said, and what was set since."""

    def __init__(self, limits: Limits, rules: Rules, defaults: Defaults) -> None:
        self._given = (limits, rules, defaults)
        self.set: Mapping[str, Any] = {}

    def default(self, key: str) -> Any:
        """Give what a setting is when nobody set it."""
        return next(getattr(part, key) for part in self._given if hasattr(part, key))

    def value(self, key: str) -> Any:
        """Give what a setting is."""
        return self.set.get(key, self.default(key))

    def apply(self, ctx: Context, found: Mapping[str, Any]) -> None:
        """Put changed settings into force in this process."""
        if found == self.set:
            return
        self.set = dict(found)
        limits, rules, defaults = (_replaced(part, self.set) for part in self._given)
        ctx.limits, ctx.rules = limits, rules
        ctx.allowances.take_defaults(defaults)


def _replaced(part: Any, found: Mapping[str, Any]) -> Any:
    own = {name: found[name] for name in part.__struct_fields__ if name in found}
    return msgspec.structs.replace(part, **own)


class Standing(msgspec.Struct, frozen=True):
    """A setting and how it stands."""

    tunable: Tunable
    value: Any
    default: Any

    @property
    def is_set(self) -> bool:
        """Whether it differs from its default."""
        return self.value != self.default


async def reload(ctx: Context) -> None:
    """Take over what was set, here or elsewhere."""
    rows = await ctx.backend.point(setting_rows.all_settings)
    ctx.tuning.apply(ctx, dict(_valid(rows)))


def _valid(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in rows.items():
        one = BY_KEY.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
        if one is None:
            continue
        try:
            found.append((one.key, check(one, value)))
        except Wrong as wrong:
            # Another release may have allowed it; the default holds here.
            log.warning("setting_not_taken", setting=one.key, reason=str(wrong))
    return found


def standing(ctx: Context) -> list[Standing]:
    """List every setting as it stands here."""
    return [Standing(one, ctx.tuning.value(one.key), ctx.tuning.default(one.key)) for one in TUNABLES]


async def change(ctx: Context, actor: str, values: Mapping[str, Any]) -> list[Changed]:
    """Set settings together, None leaving one to its default again; gives what was changed.

    Raises CallerError naming the setting that is unknown or cannot have its value.
    """
    wanted = {key: _checked(key, value) for key, value in values.items()}

    def work(conn: Connection) -> list[Changed]:
        now = ctx.clock.now_ms()
        made: list[Changed] = []
        for key, value in wanted.items():
            before = setting_rows.get(conn, _PREFIX + key)
            if before == value:
                continue
            if value is None:
                setting_rows.remove(conn, _PREFIX + key)
            else:
                setting_rows.put(conn, _PREFIX + key, value, now)
            made.append(
                Changed(
                    id=ctx.ids.new("chg"), key=key, before=before, value=value, actor=actor, created_at=now
                )
            )
            setting_rows.note_change(conn, made[-1])
        return made

    return await ctx.backend.write(work)


def _checked(key: str, value: Any) -> Any:
    one = BY_KEY.get(key)
    if one is None:
        raise refuse(Code.INVALID_REQUEST, f"There is no setting `{key[:80]}`.", param=key[:80])
    if value is None:
        return None
    try:
        return check(one, value)
    except Wrong as wrong:
        raise refuse(Code.INVALID_REQUEST, f"`{key}`: {wrong}.", param=key) from wrong


async def history(ctx: Context, key: str) -> list[Changed]:
    """List how a setting was changed, newest first.

    Raises CallerError `not_found` for a setting there is not.
    """
    if key not in BY_KEY:
        raise refuse(Code.NOT_FOUND, f"There is no setting `{key[:80]}`.")
    return await ctx.backend.read(lambda conn: setting_rows.history(conn, key))
