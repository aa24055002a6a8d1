"""What a request body says, whatever its encoding: a tree of values, read field by field and by type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from reelgate.core.errors import CallerError, Code, refuse

LONG: Final = 64 * 1024
"""Texts beyond this many bytes are kept as the bytes that came, so that no second copy is made."""

_DEPTH = 6
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?")


class FilePart(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a form, lying in the spool until somebody takes it."""

    path: Path
    filename: str
    media_type: str
    bytes: int


class LongText:
    """A long text as it came: UTF-8 bytes, inside JSON still with their escapes."""

    __slots__ = ("_json", "raw")

    def __init__(self, raw: memoryview, *, json: bool) -> None:
        self.raw = raw
        self._json = json

    def starts_with(self, prefix: bytes) -> bool:
        """Tell whether the text starts with an ASCII prefix, whatever its case."""
        return bytes(self.raw[: len(prefix)]).lower() == prefix

    def plain(self) -> memoryview:
        """Give the bytes of the text without JSON escapes, copied only when there are any."""
        if not self._json or b"\\" not in bytes(self.raw):
            return self.raw
        return memoryview(self.text().encode())

    def text(self) -> str:
        """Give the text.

        Raises ValueError when it is not UTF-8.
        """
        if self._json:
            return msgspec.json.decode(b'"' + bytes(self.raw) + b'"', type=str)
        return str(self.raw, "utf-8")


Value = Any
"""None, bool, int, float, str, LongText, FilePart, or lists and dicts of them."""


def from_json(body: bytes | bytearray) -> dict[str, Value]:
    """Read a JSON object; long texts in it stay where they are.

    Raises CallerError when it is not a JSON object.
    """
    try:
        if len(memoryview(body)) <= LONG:
            value = msgspec.json.decode(body)
        else:
            value = _lazily(memoryview(body).cast("B"), 0)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise refuse(Code.INVALID_REQUEST, f"The body is not valid JSON: {_first_line(bad)}") from bad
    if not isinstance(value, dict):
        raise refuse(Code.INVALID_REQUEST, "The body must be a JSON object.")
    return cast("dict[str, Value]", value)


def _lazily(raw: memoryview, depth: int) -> Value:
    """Decode all but long strings, going down only along long values."""
    head = bytes(raw[:1])
    if len(raw) <= LONG or depth >= _DEPTH or head not in b'{["':
        return msgspec.json.decode(raw)
    if head == b'"':
        msgspec.json.decode(raw, type=msgspec.Raw)
        return LongText(raw[1:-1], json=True)
    if head == b"[":
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        return [_lazily(memoryview(item), depth + 1) for item in items]
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return {name: _lazily(memoryview(item), depth + 1) for name, item in members.items()}


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]


def wrong_type(param: str, wanted: str) -> Exception:
    """Build the refusal of a value that is not of the kind a field takes."""
    return refuse(Code.INVALID_REQUEST, f"`{param}` must be {wanted}.", param=param)


_PLACE: Final = re.compile(r" - at `(?:key in )?\$\.?(.*?)`$")
_NAMED: Final = re.compile(r"field `(.+?)`")
_LONGEST: Final = 200


def misfit(wrong: msgspec.ValidationError) -> CallerError:
    """Build the refusal of a body that does not fit its type: which field, and why."""
    said = str(wrong)
    found, named = _PLACE.search(said), _NAMED.search(said)
    what = (said[: found.start()] if found else said)[:_LONGEST]
    path = ".".join(part for part in (found[1] if found else "", named[1] if named else "") if part)
    # What is wrong with an item of a list is told of the list.
    path = path.removesuffix("[...]")[:_LONGEST]
    told = f"`{path}`: {what[:1].lower()}{what[1:]}." if path and not named else f"{what}."
    return refuse(Code.INVALID_REQUEST, told, param=path or None)


def as_text(value: Value, param: str) -> str:
    """Read a text.

    Raises CallerError naming `param` for anything else.
    """
    if isinstance(value, LongText):
        try:
            value = value.text()
        except ValueError as bad:
            raise wrong_type(param, "UTF-8 text") from bad
    if not isinstance(value, str) or "\x00" in value:
        raise wrong_type(param, "a text")
    return value


def as_integer(value: Value, param: str) -> int:
    """Read a whole number, also when written as text or as a float without a fraction.

    Raises CallerError naming `param` for anything else.
    """
    if isinstance(value, bool):
        raise wrong_type(param, "a whole number")
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise wrong_type(param, "a whole number")
    return value


def as_boolean(value: Value, param: str) -> bool:
    """Read yes or no, also when written as text.

    Raises CallerError naming `param` for anything else.
    """
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "false": False, "0": False}
    found = words.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise wrong_type(param, "`true` or `false`")
    return found


def items_of(value: Value) -> list[Value]:
    """Give the items of a list, or the value itself as the only one."""
    return cast("list[Value]", value) if isinstance(value, list) else [value]


def structured(value: Value) -> Value:
    """Read a text that holds a JSON object or list as that; leave everything else alone."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    if isinstance(value, LongText) and (value.starts_with(b"{") or value.starts_with(b"[")):
        try:
            return _lazily(value.plain(), 0)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return value
    return value


class Fields:
    """The fields of one body; each is read at most once, and what nobody read is left over."""

    def __init__(self, values: Mapping[str, Value], *, typed: bool) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._typed = typed

    def take(self, name: str) -> Value:
        """Give the raw value of a field and consider it read; None when it is absent."""
        return self._values.pop(name, None)

    def rename(self, given: str, name: str) -> None:
        """Read a field under another name, unless that is given as well."""
        if given in self._values:
            value = self._values.pop(given)
            self._values.setdefault(name, value)

    def fill(self, values: Mapping[str, Value]) -> None:
        """Take more values as fields, where they are not given as well."""
        self._values = {name: v for name, v in values.items() if v is not None} | self._values

    def text(self, name: str) -> str | None:
        """Read a text field."""
        value = self.take(name)
        return None if value is None else as_text(value, name)

    def required_text(self, name: str) -> str:
        """Read a text field.

        Raises CallerError naming it when it is absent or blank.
        """
        value = self.text(name)
        if value is None or not value.strip():
            raise refuse(Code.INVALID_REQUEST, f"`{name}` is missing or empty.", param=name)
        return value

    def integer(self, name: str) -> int | None:
        """Read a whole-number field."""
        value = self.take(name)
        return None if value is None else as_integer(value, name)

    def boolean(self, name: str) -> bool | None:
        """Read a yes-or-no field."""
        value = self.take(name)
        return None if value is None else as_boolean(value, name)

    def rest(self) -> dict[str, Any]:
        """Give what nobody read as JSON values; texts of a form become the numbers and truths they spell.

        Raises CallerError for a file nobody asked for.
        """
        return {name: self._plain(value, name) for name, value in self._values.items()}

    def shown(self) -> dict[str, Any]:
        """Give the fields as they may be written down: files by name alone, long texts by their length."""
        return {name: _shown(value) for name, value in self._values.items()}

    def _plain(self, value: Value, param: str) -> Any:
        match value:
            case FilePart():
                raise refuse(Code.INVALID_REQUEST, f"No file is taken as `{param}`.", param=param)
            case LongText():
                return as_text(value, param)
            case dict():
                members = cast("dict[str, Value]", value)
                return {k: self._plain(v, param) for k, v in members.items()}
            case list():
                return [self._plain(v, param) for v in items_of(cast("Value", value))]
            case str() if not self._typed:
                return _spelled(value)
            case _:
                return value


_SHOWN_MAX: Final = 500
"""How much of one text is written down."""


def _shown(value: Value) -> Any:
    match value:
        case FilePart():
            return "(a file)"
        case LongText():
            return "(a long text)"
        case str():
            return value if len(value) <= _SHOWN_MAX else f"(a text of {len(value)} characters)"
        case dict():
            members = cast("dict[str, Value]", value)
            return {k: _shown(v) for k, v in members.items()}
        case list():
            return [_shown(v) for v in items_of(cast("Value", value))[:100]]
        case _:
            return value


def _spelled(text: str) -> str | int | float | bool:
    if text in ("true", "false"):
        return text == "true"
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    return float(text) if found[2] else int(text)
