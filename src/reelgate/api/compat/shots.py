"""Storyboards: a list of shots that becomes one prompt, one length and one list of pictures."""

from __future__ import annotations

import math
from typing import Any, Final, cast

import msgspec

from reelgate.api.fields import Fields, Value, as_text, items_of, structured
from reelgate.core import relay
from reelgate.core.errors import CallerError, Code, refuse

_MOST: Final = 50
_SCENES: Final = ("scene", "prompt", "description")
_PICTURES: Final = ("image", "images", "image_url")


class Shot(msgspec.Struct, frozen=True):
    """One shot."""

    scene: str
    seconds: float | None
    pictures: tuple[Any, ...]


class Shots(msgspec.Struct, frozen=True):
    """The shots of a storyboard, in order."""

    items: tuple[Shot, ...]

    @property
    def seconds(self) -> int | None:
        """The length of all shots; None when one of them leaves it open."""
        lengths = [shot.seconds for shot in self.items]
        known = [length for length in lengths if length is not None]
        return math.ceil(sum(known)) if len(known) == len(lengths) else None

    def written(self, prompt: str) -> str:
        """Write the shots out as relays read them, after what is said of all of them."""
        return relay.shots_written(prompt, [{"scene": s.scene, "duration": s.seconds} for s in self.items])

    def pictures(self, fields: Fields) -> Fields:
        """Give the pictures of the whole and of each shot as one field `images`."""
        whole = structured(fields.take("images"))
        every = [*(items_of(whole) if whole else []), *(p for shot in self.items for p in shot.pictures)]
        return Fields({"images": every}, typed=True)


def shots_of(fields: Fields) -> Shots:
    """Read `shots` (also `storyboard` and `scenes`): a list of texts or of `{scene, duration, image}`.

    Raises CallerError naming the shot that is wrong.
    """
    name, value = _given(fields)
    items = items_of(value) if value is not None else []
    if not 1 <= len(items) <= _MOST:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`{name}` must be a list of 1 to {_MOST} shots such as "
            '`{"scene": "a kite rises", "duration": 5}`.',
            param=name,
        )
    return Shots(tuple(_shot(item, f"{name}[{number}]") for number, item in enumerate(items)))


def _given(fields: Fields) -> tuple[str, Value]:
    for name in ("shots", "storyboard", "scenes"):
        value = structured(fields.take(name))
        if value is not None:
            return name, value
    return "shots", None


def _shot(item: Value, param: str) -> Shot:
    if isinstance(item, str):
        return Shot(_scene(item, param), None, ())
    if not isinstance(item, dict):
        raise _unreadable(param)
    shot = cast("dict[str, Any]", item)
    scene = next((shot[name] for name in _SCENES if shot.get(name) is not None), None)
    if scene is None:
        raise _unreadable(param)
    pictures = [p for name in _PICTURES for p in items_of(structured(shot.get(name))) if p]
    return Shot(_scene(as_text(scene, f"{param}.scene"), param), _seconds(shot, param), tuple(pictures))


def _scene(text: str, param: str) -> str:
    if not text.strip():
        raise _unreadable(param)
    return text


def _seconds(shot: dict[str, Any], param: str) -> float | None:
    value = shot.get("duration")
    if value is None:
        return None
    try:
        seconds = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
        )
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`{param}.duration` must be a number of seconds.",
            param=f"{param}.duration",
        )
    return seconds


def _unreadable(param: str) -> CallerError:
    return refuse(
        Code.INVALID_REQUEST, f"`{param}` must be a text, or an object with a `scene`.", param=param
    )
