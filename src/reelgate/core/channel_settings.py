"""What a channel may be told beyond its address, key and models: a type for each dialect, and what is wrong with given ones.

A dialect declares its settings as a struct that extends `ChannelSettings` (or `CalledBack` where its upstream
calls back). The same type refuses what nobody reads, and is the form an operator fills in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from reelgate.core.dialect import ChecksSettings, Dialect

Text = Annotated[str, Meta(min_length=1, max_length=2_000)]
Names = dict[str, str]
"""What fields are called where an upstream calls them otherwise; an empty name leaves one out."""


QuotaLow = Annotated[
    Annotated[float, Meta(ge=0, le=1e12)] | None,
    Meta(
        description="What may be left of the account, in the upstream's own unit, before operators are told;"
        " without it, the setting `upstream_quota_low`. 0 is never."
    ),
]


class ChannelSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What every channel may be told, whatever it speaks."""

    sunset: Annotated[
        dict[str, Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None],
        Meta(
            description="Days on which upstream models end here, where the operator knows better; null keeps one alive."
        ),
    ] = {}
    callback_epoch: Annotated[
        int | str,
        Meta(
            description="Another value makes another callback address, so that the old one is good no more."
        ),
    ] = 0


class CalledBack(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told whose upstream says by itself when a job ends."""

    callback_url: Annotated[
        str,
        Meta(
            description="Where the upstream posts; empty has it told nothing. Without it, this installation's own address."
        ),
    ] = ""


@runtime_checkable
class DeclaresSettings(Protocol):
    """A dialect that says what its channels may be told; any other takes whatever it is given."""

    @property
    def settings(self) -> type[ChannelSettings]:
        """The type its channels' settings have."""
        ...


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Settings to start a channel from."""

    name: str
    about: str
    settings: Mapping[str, Any]


@runtime_checkable
class OffersStarts(Protocol):
    """A dialect that makes settings to start from of the samples it ships."""

    def starts(self, samples: Mapping[str, str]) -> Sequence[Start]:
        """Give settings to start from, made of texts by their file names."""
        ...


class WrongSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that cannot be used."""

    name: str
    """Which one, with its place inside: `fields.duration`."""
    reason: str


_UNKNOWN: Final = re.compile(r"unknown field `(.+?)`")
_PLACE: Final = re.compile(r" - at `\$\.?(.*?)`$")


def wrong_setting(dialect: Dialect, settings: Mapping[str, Any]) -> WrongSetting | None:
    """Say which of a channel's settings cannot be used and why; None when all can."""
    if isinstance(dialect, DeclaresSettings):
        try:
            msgspec.convert(dict(settings), dialect.settings)
        except msgspec.ValidationError as wrong:
            return _explained(dialect.name, dialect.settings, str(wrong))
    reason = dialect.objection(settings) if isinstance(dialect, ChecksSettings) else None
    return None if reason is None else WrongSetting(name=_spoken_of(reason, settings), reason=reason)


def _spoken_of(reason: str, settings: Mapping[str, Any]) -> str:
    """Find the setting that an objection names."""
    named = [word.strip(".").removesuffix("[...]") for word in re.findall(r"`([A-Za-z_][^`\s]*)`?", reason)]
    return next((name for name in named if name.partition(".")[0] in settings), "")


def _explained(dialect: str, kind: type[ChannelSettings], said: str) -> WrongSetting:
    found = _PLACE.search(said)
    place = found[1].replace("[...]", "") if found else ""
    stranger = _UNKNOWN.search(said)
    if stranger is None:
        what = said[: found.start()] if found else said
        return WrongSetting(
            name=place, reason=f"`{place}`: {what[:1].lower()}{what[1:]}{_allowed(kind, place)}."
        )
    name = f"{place}.{stranger[1]}" if place else stranger[1]
    own = [field for field in kind.__struct_fields__ if field not in ChannelSettings.__struct_fields__]
    known = ", ".join([*own, *ChannelSettings.__struct_fields__])
    there = "" if place else f"; there are {known}"
    return WrongSetting(name=name, reason=f"`{name}` is no setting of `{dialect}`{there}.")


def _allowed(kind: type[ChannelSettings], name: str) -> str:
    """List the values of a setting that takes only a few."""
    (_, parts) = msgspec.json.schema_components((kind,))
    form = parts[kind.__name__]["properties"].get(name, {})
    for one in (form, *form.get("anyOf", ())):
        if "enum" in one:
            return f"; it takes {', '.join(map(str, one['enum']))}"
    return ""


def takes(dialect: Dialect, name: str) -> bool:
    """Tell whether a dialect's channels may have a setting; one that declares none takes all."""
    return not isinstance(dialect, DeclaresSettings) or name in dialect.settings.__struct_fields__
