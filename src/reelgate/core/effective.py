"""The effective request: what will really be made, said before anything is paid for.

A value that a model cannot do is refused. Only when the caller said so is it moved to the nearest one
that is possible, and then every change is listed: nothing is ever bent silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, log
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from reelgate.core.profile import Profile, objections
from reelgate.core.task import Input, Request, Role, Size, parse_size

_EVEN: Final = 2
_COMMON: Final = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21", "3:2", "2:3")
_CLOSE: Final = 0.03


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """What will be made, with every default filled in. None means that the upstream decides."""

    verb: str
    model: str
    served_by: str
    """The model behind the name asked for."""
    seconds: int
    total_seconds: int
    """Length of the finished clip; differs from `seconds` for an extension."""
    size: str
    aspect_ratio: str
    inputs: dict[str, int]
    """How many files of each role it works from."""
    audio: bool | None
    """Whether the clip has sound."""
    seed: int | None
    negative_prompt: str | None
    watermark: bool | None
    private: bool | None
    options: dict[str, Any]
    """Vendor options that are passed on as they are."""
    defaults: tuple[str, ...]
    """The fields the caller left to the model."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was moved to the nearest possible one."""

    field: str
    old: Any = msgspec.field(name="from")
    new: Any = msgspec.field(name="to")
    why: str


def effective(
    request: Request, profile: Profile, served_by: str, *, defaults: tuple[str, ...] = ()
) -> Effective:
    """Say what a request amounts to on a model that can do it."""
    inputs: dict[str, int] = {}
    for item in request.inputs:
        inputs[item.role.value] = inputs.get(item.role.value, 0) + 1
    return Effective(
        verb=request.verb.value,
        model=request.model,
        served_by=served_by,
        seconds=request.seconds,
        total_seconds=request.total_seconds,
        size=str(request.size),
        aspect_ratio=aspect_ratio(request.size),
        inputs=inputs,
        audio=_sound(request, profile),
        seed=request.seed,
        negative_prompt=request.negative_prompt,
        watermark=request.watermark,
        private=request.private,
        options=request.extra,
        defaults=defaults,
    )


def _sound(request: Request, profile: Profile) -> bool | None:
    if request.audio is not None:
        return request.audio
    # Where there is a switch, what happens without it is the upstream's own default.
    return None if profile.audio_switch else profile.audio


def aspect_ratio(size: Size) -> str:
    """Name the shape of a size: a usual ratio when it is within 3 % of one, else the exact one."""
    shape = size.width / size.height
    for name in _COMMON:
        width, _, height = name.partition(":")
        if abs(shape * int(height) / int(width) - 1) <= _CLOSE:
            return name
    shared = gcd(size.width, size.height)
    return f"{size.width // shared}:{size.height // shared}"


def aspect_ratios(profile: Profile) -> tuple[str, ...] | None:
    """Name the shapes a model makes; None when any shape is possible or nothing is known."""
    sizes = [size for text in profile.sizes if (size := parse_size(text)) is not None]
    return tuple(dict.fromkeys(aspect_ratio(size) for size in sizes)) or None


def adapt(request: Request, profile: Profile) -> tuple[Request, tuple[Change, ...]]:
    """Move what a model cannot do to the nearest it can, and list each change.

    What has no near thing stays as it is, for `objections` to refuse: the verb, the prompt, characters,
    a clip that is to be private, and inputs of a kind the model does not take at all.
    """
    changes: list[Change] = []
    for step in (_length, _shape, _files, _switches, _unknown):
        for change, fields in step(request, profile):
            changes.append(change)
            request = replace(request, **fields)
    return request, tuple(changes)


def fits(request: Request, profile: Profile) -> bool:
    """Tell whether a model can do a request as it stands."""
    return not objections(request, profile)


Step = Iterator[tuple[Change, dict[str, Any]]]


def _length(request: Request, profile: Profile) -> Step:
    wanted = request.seconds
    seconds = wanted
    if profile.seconds:
        # Of two that are as near, the shorter one costs less.
        seconds = min(profile.seconds, key=lambda s: (abs(s - wanted), s))
    elif profile.seconds_range is not None:
        seconds = min(max(wanted, profile.seconds_range.min), profile.seconds_range.max)
    if seconds != wanted:
        why = f"`{request.model}` takes {_lengths(profile)} seconds"
        yield Change(field="seconds", old=wanted, new=seconds, why=why), {"seconds": seconds}


def _lengths(profile: Profile) -> str:
    if profile.seconds:
        return ", ".join(map(str, profile.seconds))
    span = profile.seconds_range
    return "any number of" if span is None else f"{span.min} to {span.max}"


def _shape(request: Request, profile: Profile) -> Step:
    size = nearest_size(request.size, profile)
    if size != request.size:
        sizes = ", ".join(profile.sizes)
        span = profile.size_range
        allowed = sizes or (f"even sides of {span.min} to {span.max} pixels" if span else "other sizes")
        change = Change(
            field="size", old=str(request.size), new=str(size), why=f"`{request.model}` takes {allowed}"
        )
        yield change, {"size": size}


def nearest_size(size: Size, profile: Profile) -> Size:
    """Give the possible size that is nearest: first in shape, then in how many pixels it has."""
    offered = [found for text in profile.sizes if (found := parse_size(text)) is not None]
    if offered:
        return min(offered, key=lambda s: (_turned(s, size), _bent(s, size), _grown(s, size), str(s)))
    span = profile.size_range
    if span is None:
        return size
    shrink = min(1.0, span.max / max(size.width, size.height))
    scale = max(shrink, span.min / (min(size.width, size.height)))
    return Size(_side(size.width * scale, span.min, span.max), _side(size.height * scale, span.min, span.max))


def _turned(one: Size, other: Size) -> bool:
    return (one.width > one.height) != (other.width > other.height) and other.width != other.height


def _bent(one: Size, other: Size) -> float:
    return round(abs(log(one.width * other.height / (one.height * other.width))), 2)


def _grown(one: Size, other: Size) -> float:
    return abs(log(one.width * one.height / (other.width * other.height)))


def _side(length: float, least: int, most: int) -> int:
    even = _EVEN * round(length / _EVEN)
    return min(max(even, least + least % _EVEN), most - most % _EVEN)


def _files(request: Request, profile: Profile) -> Step:
    for role, other in ((Role.REFERENCE, Role.FIRST_FRAME), (Role.FIRST_FRAME, Role.REFERENCE)):
        moved = _moved(request.inputs, role, other, profile)
        if moved is not None:
            why = f"`{request.model}` takes no input of role {role.value}"
            change = Change(field=f"inputs.{role.value}", old=role.value, new=other.value, why=why)
            request = replace(request, inputs=moved)
            yield change, {"inputs": moved}
    for role in Role:
        given, most = len(_plain(request.inputs, role)), profile.inputs.get(role, 0)
        if 0 < most < given:
            kept = _first(request.inputs, role, most)
            why = f"`{request.model}` takes {most} of role {role.value}; the first are kept"
            request = replace(request, inputs=kept)
            yield Change(field=f"inputs.{role.value}", old=given, new=most, why=why), {"inputs": kept}


def _plain(inputs: tuple[Input, ...], role: Role) -> list[Input]:
    return [i for i in inputs if i.role is role and i.character_id is None]


def _moved(inputs: tuple[Input, ...], role: Role, other: Role, profile: Profile) -> tuple[Input, ...] | None:
    """Give the inputs with those of one role in another; None when that helps nothing."""
    given = _plain(inputs, role)
    room = profile.inputs.get(other, 0) - len(_plain(inputs, other))
    if not given or profile.inputs.get(role, 0) or len(given) > room:
        return None
    return tuple(replace(i, role=other) if i in given else i for i in inputs)


def _first(inputs: tuple[Input, ...], role: Role, most: int) -> tuple[Input, ...]:
    dropped = _plain(inputs, role)[most:]
    return tuple(i for i in inputs if not any(i is gone for gone in dropped))


def _switches(request: Request, profile: Profile) -> Step:
    for name, offered in (
        ("seed", profile.seed),
        ("negative_prompt", profile.negative_prompt),
        ("audio", profile.audio_switch),
        ("watermark", profile.watermark),
        ("private", profile.private),
    ):
        given = getattr(request, name)
        # Whoever asks for privacy must not get a public clip instead.
        if given is not None and not offered and not (name == "private" and given):
            why = f"`{request.model}` does not take `{name}`"
            yield Change(field=name, old=given, new=None, why=why), {name: None}


def _unknown(request: Request, profile: Profile) -> Step:
    if profile.passthrough:
        return
    kept = dict(request.extra)
    for name in request.extra:
        gone = kept.pop(name)
        why = f"`{request.model}` knows no `{name}`"
        yield Change(field=name, old=gone, new=None, why=why), {"extra": dict(kept)}
