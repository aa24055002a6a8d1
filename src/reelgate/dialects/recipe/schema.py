"""What a recipe may say, and what is wrong with one that says it otherwise."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import Phase
from reelgate.core.errors import Code
from reelgate.dialects.recipe.template import (
    FILE_FILTERS,
    FILES,
    FILTERS,
    PLAIN,
    Placeholder,
    buried,
    malformed,
    placeholders,
)

Pointer = Annotated[str, msgspec.Meta(pattern=r"^/[^\n]*$", max_length=400)]
"""Where something is in an answer: `/data/outputs/0`."""
Pointers = Annotated[tuple[Pointer, ...], msgspec.Meta(max_length=32)]
Path = Annotated[str, msgspec.Meta(pattern=r"^/[^\s\\#]*$", max_length=1_000)]
"""Relative to the channel's base address."""
Header = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Word = Literal["queued", "in_progress", "completed", "failed", "cancelled"]


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the channel's key is sent; `{{key}}` stands for it."""

    header: Header = "Authorization"
    value: str = "Bearer {{key}}"


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The upstream's own file host, for upstreams that take files by address only."""

    path: Path
    field: str = "file"
    url: Pointers = ("/url", "/data/url", "/data")


class Create(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The paid call."""

    path: Path
    id: Annotated[Pointers, msgspec.Meta(min_length=1)]
    """Where the answer has the job's id, the first that is there."""
    method: Literal["POST", "PUT"] = "POST"
    headers: dict[Header, str] = {}
    encoding: Literal["json", "form"] = "json"
    body: dict[str, Any] = {}
    extra: bool = False
    """Whether options of the caller that nobody knows are put into the body."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where progress may be."""

    path: Pointer
    kind: Literal["percent", "percent_string", "fraction"] = "percent"


class Poll(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The question, and where its answer has what."""

    path: Path
    status: Annotated[Pointers, msgspec.Meta(min_length=1)]
    """Places of the status word: the first known one counts, and one that ends the job counts from any place."""
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, str] = {}
    headers: dict[Header, str] = {}
    body: dict[str, Any] | None = None
    job: Pointers = ()
    """Places of which an answer about a job has one; without them those of the id."""
    words: dict[str, Word] = {}
    """Status words of this upstream's own."""
    progress: tuple[Progress, ...] = ()
    outputs: Pointers = ()
    """Places of the clip's address, the first that is there."""
    content: Path | None = None
    """Where the clip is fetched with the key, for upstreams that give no address."""
    requires: Pointers = ()
    """Places that must hold something before a success word is believed; an output always must be there."""


class Ok(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which values mean that an answer with HTTP 200 is no error; an answer without the place is none."""

    path: Pointer
    values: tuple[str | int | bool | None, ...]


class Errors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where errors say what they are, and what they mean here."""

    code: Pointers = ("/error/code", "/code")
    message: Pointers = ("/error/message", "/error", "/fail_reason", "/message", "/msg")
    codes: dict[str, Code] = {}
    """What the upstream's codes mean; before a job exists, only those that promise that none was made."""
    texts: dict[str, Code] = {}
    """What messages with these words in them mean."""
    ok: Ok | None = None


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wire format as data."""

    create: Create
    poll: Poll
    name: str = ""
    about: str = ""
    auth: Auth = Auth()
    upload: Upload | None = None
    tables: dict[str, dict[str, str | int | float | bool]] = {}
    """Filters of the recipe's own: `{{resolution|size_class}}` looks up `tables.size_class`; `*` is any other."""
    errors: Errors = Errors()

    def names(self) -> frozenset[str]:
        """Give the placeholders of the paid call: what this upstream can be told."""
        call = [self.create.path, self.create.body, self.create.headers]
        return frozenset(found.name for part in call for found in placeholders(part))

    def words(self) -> Mapping[str, Phase]:
        """Give the status words of its own."""
        return {word: Phase(phase) for word, phase in self.poll.words.items()}


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    recipe: Annotated[
        dict[str, Any] | str, msgspec.Meta(description="The recipe: an object, or text in TOML or JSON.")
    ] = ""


class Unusable(msgspec.Struct, frozen=True):
    """Why a recipe cannot be used, naming the key."""

    reason: str


def recipe_of(settings: Mapping[str, Any]) -> Recipe | Unusable:
    """Read the recipe of a channel's settings: an object, or text in TOML or JSON."""
    raw = settings.get("recipe")
    if raw is None:
        return Unusable("`recipe` is missing from the channel's settings.")
    unknown = sorted(set(settings) - set(Settings.__struct_fields__))
    if unknown:
        return Unusable(f"`{unknown[0]}` is no setting of this dialect.")
    return parse(raw) if isinstance(raw, str) else _checked(raw)


@lru_cache(maxsize=64)
def parse(text: str) -> Recipe | Unusable:
    """Read a recipe written in TOML or JSON."""
    try:
        raw = msgspec.json.decode(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, RecursionError) as wrong:
        return Unusable(f"`recipe` is neither TOML nor JSON: {wrong}")
    return _checked(raw)


def _checked(raw: object) -> Recipe | Unusable:
    try:
        recipe = msgspec.convert(raw, Recipe)
    except (msgspec.ValidationError, RecursionError) as wrong:
        return Unusable(f"{wrong}".replace("`$", "`recipe"))
    objection = next(_objections(recipe), None)
    return recipe if objection is None else Unusable(objection)


_ID: Final = frozenset({"id"})


def _objections(recipe: Recipe) -> Iterator[str]:
    create, poll = recipe.create, recipe.poll
    for key, part, known in (
        ("create.path", create.path, PLAIN),
        ("create.headers", create.headers, PLAIN),
        ("create.body", create.body, PLAIN | frozenset(FILES)),
        ("poll.path", poll.path, _ID),
        ("poll.query", poll.query, _ID),
        ("poll.headers", poll.headers, _ID),
        ("poll.body", poll.body, _ID),
        ("poll.content", poll.content, _ID),
        ("auth.value", recipe.auth.value, frozenset({"key"})),
    ):
        yield from _wrong(key, part, known)
        yield from _wrong_filters(key, part, recipe)
    yield from _missing(recipe)
    for table in recipe.tables:
        if table in FILTERS:
            yield f"`recipe.tables.{table}` has the name of a filter."


def _missing(recipe: Recipe) -> Iterator[str]:
    poll = recipe.poll
    asked = [found.name for part in (poll.path, poll.query, poll.body) for found in placeholders(part)]
    if "id" not in asked:
        yield "`recipe.poll` asks about no job: `{{id}}` is in neither its path, its query nor its body."
    if not poll.outputs and poll.content is None:
        yield "`recipe.poll` names neither `outputs` nor `content`, so no clip could be fetched."
    if not list(placeholders(recipe.auth.value)):
        yield "`recipe.auth.value` does not send the key: `{{key}}` is not in it."


def _wrong(key: str, part: object, known: frozenset[str]) -> Iterator[str]:
    braces, inside = malformed(part), buried(part)
    if braces is not None:
        yield f"`recipe.{key}`: `{braces[:80]}` has braces that are no placeholder."
    for found in placeholders(part):
        if found.name not in known:
            allowed = ", ".join(sorted(known))
            yield f"`recipe.{key}`: unknown placeholder `{found.name}`; known here: {allowed}."
    if inside is not None:
        yield f"`recipe.{key}`: `{inside}` stands for a file, so it must stand alone."


def _wrong_filters(key: str, part: object, recipe: Recipe) -> Iterator[str]:
    for found in placeholders(part):
        for name in found.filters:
            wrong = _wrong_filter(name, found, recipe)
            if wrong is not None:
                yield f"`recipe.{key}`: {wrong}"


def _wrong_filter(name: str, found: Placeholder, recipe: Recipe) -> str | None:
    if name not in FILTERS and name not in recipe.tables:
        return f"unknown filter `{name}`; it is neither built in nor a key of `tables`."
    if (name in FILE_FILTERS) != (found.name in FILES):
        return f"the filter `{name}` does not fit `{found.name}`."
    if name == "url" and recipe.upload is None:
        return f"`{found.name}|url` needs `upload`, the upstream's file host."
    if name == "base64" and recipe.create.encoding == "form":
        return "`base64` is for JSON bodies; a form carries the file itself."
    return None
