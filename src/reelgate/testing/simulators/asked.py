"""Reads the fields of a create as strictly as upstreams do; whatever is wrong raises a Refusal that names the field."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from reelgate.core.words import as_object
from reelgate.testing.simulators.family import Refusal, Why

Fields = Mapping[str, Any]


def wrong(name: str, what: str) -> Refusal:
    """Compose the refusal of a field."""
    return Refusal(Why.INVALID, f"{name}: {what}", param=name)


def text(given: Fields, name: str) -> str:
    """Read a text that must be there."""
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise wrong(name, "Field required.")
    return value


def some_text(given: Fields, name: str) -> str | None:
    """Read a text that may be left out."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong(name, "Expected a text.")
    return value or None


def choice(given: Fields, name: str, allowed: Collection[str], otherwise: str) -> str:
    """Read a text that is one of a few; `otherwise` where it is left out."""
    value = given.get(name, otherwise)
    if value not in allowed:
        raise wrong(name, f"{value!r} is not one of {', '.join(sorted(allowed))}.")
    return cast("str", value)


def whole(given: Fields, name: str, least: int, most: int, otherwise: int) -> int:
    """Read a whole number within bounds; text that looks like one is refused."""
    value = given.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise wrong(name, f"Expected a whole number from {least} to {most}.")
    return value


def switch(given: Fields, name: str) -> bool | None:
    """Read a switch that may be left out."""
    value = given.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong(name, "Expected true or false.")
    return value


def objects(value: object, name: str) -> list[dict[str, Any]]:
    """Read a list of objects; nothing counts as an empty list."""
    if value is None:
        return []
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    found = [each for item in items if (each := as_object(item)) is not None]
    if not isinstance(value, list) or len(found) != len(items):
        raise wrong(name, "Expected a list of objects.")
    return found


def texts(value: object, name: str) -> list[str]:
    """Read a list of texts; nothing counts as an empty list."""
    items = cast("list[object]", value) if isinstance(value, list) else [] if value is None else [None]
    found = [item for item in items if isinstance(item, str)]
    if len(found) != len(items):
        raise wrong(name, "Expected a list of texts.")
    return found


_DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,(.*)", re.DOTALL)


def media(value: object, name: str, kind: str = "image") -> str:
    """Read a web address or a data URL of a kind, `image`, `video` or `audio`."""
    found = _DATA_URL.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        if not found.group(1).startswith(f"{kind}/"):
            raise wrong(name, f"Expected {kind}, not {found.group(1)}.")
        base64_text(found.group(2), name)
    elif not isinstance(value, str) or re.match(r"https?://[^/\s]", value) is None:
        raise wrong(name, "Expected a web address or a data URL.")
    return cast("str", value)


def base64_text(value: object, name: str) -> bytes:
    """Read a file in base64, without anything in front."""
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise wrong(name, "Expected base64.")
    return data
