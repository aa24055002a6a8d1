"""Templates with typed placeholders: `{{seconds}}` is a number, `{{seconds|string}}` a text, `clip-{{seconds}}s` a text.

A placeholder alone in a text keeps its type; one without a value takes its field with it. Values are put in
once and never read again, so that a prompt cannot hold a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import Embedded, Submission
from reelgate.core.job_shape import lines_of, ratio_of
from reelgate.core.openai_call import data_url
from reelgate.core.task import Input, Request, Role
from reelgate.core.words import path_segment

FILES: Final[Mapping[str, tuple[Role, ...]]] = {
    "images": (Role.FIRST_FRAME, Role.REFERENCE),
    "first_frame": (Role.FIRST_FRAME,),
    "last_frame": (Role.LAST_FRAME,),
    "references": (Role.REFERENCE,),
    "source_video": (Role.SOURCE_VIDEO,),
    "audio_file": (Role.AUDIO,),
}
"""Placeholders that stand for files, with the roles they carry. `images` and `references` are lists."""
LISTS: Final = frozenset({"images", "references"})
SWITCHES: Final = ("seed", "negative_prompt", "audio", "watermark", "private")
"""Placeholders for what a caller may leave out."""
PLAIN: Final = frozenset(
    ["model", "prompt", "seconds", "width", "height", "size", "ratio", "orientation", "resolution", "token"]
) | frozenset(SWITCHES)
FILE_FILTERS: Final = frozenset(["base64", "url", "first"])
FILTERS: Final = frozenset(["string", "number"]) | FILE_FILTERS

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([a-z_0-9]+)\s*((?:\|\s*[a-z_0-9]+\s*)*)\}\}")

Values = Mapping[str, Any]
Tables = Mapping[str, Mapping[str, Any]]


class NoEntry(Exception):
    """Raised when a table of the recipe has no entry for a value; names the placeholder."""


class Addressed(msgspec.Struct, frozen=True):
    """A file of the request with the address the upstream's file host gave it, where it was put there."""

    given: Input
    url: str | None = None

    @property
    def embedded(self) -> Embedded:
        """The file as a data URL inside a JSON body."""
        return data_url(self.given)


class Placeholder(msgspec.Struct, frozen=True):
    """One placeholder of a template."""

    name: str
    filters: tuple[str, ...]


def placeholders(template: object) -> Iterator[Placeholder]:
    """Give every placeholder in a template, however deep."""
    for text in _texts(template):
        for match in _PLACEHOLDER.finditer(text):
            yield _placeholder(match)


def buried(template: object) -> str | None:
    """Give a placeholder for a file that stands inside a text; None when each stands alone."""
    for text in _texts(template):
        names = {match.group(1) for match in _PLACEHOLDER.finditer(text)} & set(FILES)
        if names and _PLACEHOLDER.fullmatch(text) is None:
            return min(names)
    return None


def malformed(template: object) -> str | None:
    """Give a text with braces that are no placeholder; None when all are well."""
    return next((text for text in _texts(template) if "{{" in _PLACEHOLDER.sub("", text)), None)


def _texts(template: object) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, dict):
        for value in cast("dict[str, object]", template).values():
            yield from _texts(value)
    elif isinstance(template, list):
        for value in cast("list[object]", template):
            yield from _texts(value)


def _placeholder(match: re.Match[str]) -> Placeholder:
    filters = (part.strip() for part in match.group(2).split("|"))
    return Placeholder(match.group(1), tuple(part for part in filters if part))


# Filling in.


def fill(template: Any, values: Values, tables: Tables) -> Any:
    """Fill a template in; None for a placeholder without a value, and fields and items that are None are left out.

    Raises NoEntry.
    """
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole is not None:
            return _value(_placeholder(whole), values, tables)
        return _PLACEHOLDER.sub(lambda m: _text(_value(_placeholder(m), values, tables)), template)
    if isinstance(template, dict):
        fields = cast("dict[str, Any]", template).items()
        filled = {name: fill(value, values, tables) for name, value in fields}
        return {name: value for name, value in filled.items() if value is not None}
    if isinstance(template, list):
        items = [fill(value, values, tables) for value in cast("list[Any]", template)]
        return [item for item in items if item is not None]
    return template


def fill_path(template: str, values: Values, tables: Tables) -> str:
    """Fill a path in; every value is one segment, or a part of one.

    Raises NoEntry.
    """
    return _PLACEHOLDER.sub(lambda m: path_segment(_text(_value(_placeholder(m), values, tables))), template)


def _value(placeholder: Placeholder, values: Values, tables: Tables) -> Any:
    value = values.get(placeholder.name)
    for name in placeholder.filters:
        if value is not None:
            value = _filtered(value, name, placeholder, tables)
    return value


def _filtered(value: Any, name: str, placeholder: Placeholder, tables: Tables) -> Any:
    match name:
        case "string":
            return _text(value)
        case "number":
            return _number(value)
        case "first":
            return value[0] if value else None
        case "base64" | "url":
            return _each(value, name)
        case _:
            table = tables.get(name, {})
            entry = table.get(_text(value), table.get("*"))
            if entry is None:
                raise NoEntry(placeholder.name)
            return entry


def _each(value: Any, form: str) -> Any:
    if isinstance(value, list):
        return [_each(item, form) for item in cast("list[Any]", value)]
    if not isinstance(value, Addressed):
        return value
    return value.url if form == "url" else msgspec.structs.replace(value.embedded, data_url=False)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _number(value: object) -> int | float | None:
    try:
        number = float(_text(value))
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


# What a request gives.


def values_of(submission: Submission, addresses: Mapping[str, str]) -> dict[str, Any]:
    """Give the value of every placeholder; `addresses` are where uploaded files are, by their SHA-256."""
    request = submission.request
    size = request.size
    values: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "seconds": request.seconds,
        "width": size.width,
        "height": size.height,
        "size": str(size),
        "ratio": ratio_of(size),
        "orientation": "landscape" if size.width > size.height else "portrait",
        "resolution": f"{lines_of(size)}p",
        "token": submission.token,
        **{name: getattr(request, name) for name in SWITCHES},
    }
    return values | _files(request, addresses)


def _files(request: Request, addresses: Mapping[str, str]) -> dict[str, Any]:
    files: dict[str, Any] = {}
    for name, roles in FILES.items():
        found = [Addressed(i, addresses.get(i.sha256)) for i in request.inputs if i.role in roles]
        files[name] = found if name in LISTS else found[0] if found else None
    return files
