"""From the fields relays take to a draft: formats by words, pictures in every form, figures named in the prompt."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from reelgate.api.claims import Wish, notify_url
from reelgate.api.door import Asked
from reelgate.api.fields import Fields, Value, items_of, structured
from reelgate.api.likenesses import of_create
from reelgate.api.links import origin
from reelgate.api.references import Given, pictures
from reelgate.core.effective import nearest_size
from reelgate.core.errors import Code, refuse
from reelgate.core.profile import Profile
from reelgate.core.task import Role, Size, parse_size
from reelgate.engine.context import Draft
from reelgate.store import characters as character_rows

_RATIO: Final = re.compile(r"([1-9][0-9]?)\s*[:xX]\s*([1-9][0-9]?)", re.ASCII)
_LINES: Final = re.compile(r"([1-9][0-9]{2,3})[pP]", re.ASCII)
_MENTION: Final = re.compile(r"@([A-Za-z0-9_.\-]{1,80})", re.ASCII)
_WORDS: Final = {"landscape": (16, 9), "portrait": (9, 16), "square": (1, 1)}
_SMALL: Final = 720
_LARGE: Final = 1080
_FILE: Final = re.compile(r"/v1/files/(file_[0-9a-z]{26})/content", re.ASCII)


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says about the format of the clip."""

    ratio: tuple[int, int] | None = None
    lines: int | None = None
    exact: Size | None = None
    param: str = "size"
    """The field to be named when no model here can do it."""


def model_of(fields: Fields) -> str | None:
    """Read the model's name; None leaves it to the installation."""
    model = (fields.text("model") or "").strip()
    if len(model) > 200:
        raise refuse(Code.INVALID_REQUEST, "`model` is too long to be a name.", param="model")
    return model or None


def profile_of(asked: Asked, model: str | None) -> Profile | None:
    """Give the facts about the model asked for; None when nothing serves it."""
    served = asked.ctx.channels.find(model or asked.ctx.rules.default_model)
    return None if served is None else served.profile


def prompt_of(asked: Asked, fields: Fields) -> str:
    """Read the prompt.

    Raises CallerError when it is absent, blank or too long.
    """
    prompt = fields.required_text("prompt")
    check_length(asked, prompt)
    return prompt


def check_length(asked: Asked, prompt: str, param: str = "prompt") -> None:
    """Refuse a prompt beyond the limit of this installation."""
    longest = asked.ctx.limits.prompt_max
    if longest and len(prompt) > longest:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`{param}` has {len(prompt):,} characters; at most {longest:,} are taken.",
            param=param,
        )


def seconds_of(fields: Fields, *names: str) -> int | None:
    """Read the length from the first of these fields that is given."""
    found: int | None = None
    for name in names:
        number = fields.integer(name)
        if number is not None and not 1 <= number <= 86_400:
            raise refuse(Code.INVALID_REQUEST, f"`{name}` is {number}; it must be 1 or more.", param=name)
        found = number if found is None else found
    return found


def shape_of(fields: Fields) -> Shape:
    """Read every word relays have for a format; what is exact wins over what is a word.

    Raises CallerError naming the field that is none of their words.
    """
    width, height = fields.integer("width"), fields.integer("height")
    ratio, param = _ratio(fields)
    shape = _sized(fields.text("size"), Shape(ratio=ratio, param=param))
    if shape.exact is None and width is not None and height is not None:
        shape = msgspec.structs.replace(shape, exact=Size(width, height))
    high = fields.boolean("hd")
    lines = _lines(fields)
    if high is not None and lines is None and shape.lines is None:
        lines = _LARGE if high else _SMALL
    return shape if lines is None else msgspec.structs.replace(shape, lines=lines)


def _ratio(fields: Fields) -> tuple[tuple[int, int] | None, str]:
    found: tuple[int, int] | None = None
    param = "size"
    for name in ("aspect_ratio", "ratio", "orientation"):
        text = fields.text(name)
        if not text:
            continue
        ratio = _WORDS.get(text.strip().lower()) or _numbers(text)
        if ratio is None:
            words = "`landscape`, `portrait` or a ratio such as `16:9`"
            raise refuse(Code.INVALID_REQUEST, f"`{name}` is `{text[:40]}`; it must be {words}.", param=name)
        if found is None:
            found, param = ratio, name
    return found, param


def _numbers(text: str) -> tuple[int, int] | None:
    found = _RATIO.fullmatch(text.strip())
    return None if found is None else (int(found[1]), int(found[2]))


def _sized(text: str | None, shape: Shape) -> Shape:
    """Read `size`: a class, a ratio such as `16x9`, or pixels."""
    word = (text or "").strip().lower()
    if text is None or not word:
        return shape
    lines = {"small": _SMALL, "sd": _SMALL, "large": _LARGE, "hd": _LARGE}.get(word) or _line_count(word)
    if lines is not None:
        return msgspec.structs.replace(shape, lines=lines)
    if (ratio := _numbers(word)) is not None:
        return shape if shape.ratio is not None else msgspec.structs.replace(shape, ratio=ratio)
    size = parse_size(word)
    if size is None:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`size` is `{text[:40]}`; it must be `small`, `large`, or width x height such as `1280x720`.",
            param="size",
        )
    return msgspec.structs.replace(shape, exact=size)


def _line_count(word: str) -> int | None:
    found = _LINES.fullmatch(word)
    return None if found is None else int(found[1])


def _lines(fields: Fields) -> int | None:
    text = fields.text("resolution")
    if not text:
        return None
    lines = _line_count(text.strip())
    if lines is None:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`resolution` is `{text[:40]}`; it must be lines, such as `720p`.",
            param="resolution",
        )
    return lines


def size_of(shape: Shape, profile: Profile | None) -> Size | None:
    """Give the size a model has for a format: what is exact as it is, a word as the nearest of the same kind.

    A word for which there is nothing of its kind stays exact, so that it is refused with what is possible.
    """
    if shape.exact is not None:
        return shape.exact
    if shape.ratio is None and shape.lines is None:
        return None
    wide, tall = shape.ratio or _usual(profile)
    short = shape.lines or _SMALL
    scale = short / min(wide, tall)
    wanted = Size(2 * round(wide * scale / 2), 2 * round(tall * scale / 2))
    if profile is None:
        return wanted
    nearest = nearest_size(wanted, profile)
    turned = (nearest.width > nearest.height) != (wanted.width > wanted.height)
    return wanted if turned else nearest


def _usual(profile: Profile | None) -> tuple[int, int]:
    size = Size(9, 16) if profile is None else profile.default_size
    return size.width, size.height


async def pictures_of(asked: Asked, fields: Fields, profile: Profile | None, *names: str) -> list[Given]:
    """Store the pictures these fields give: addresses, data URLs, files of ours, one or a list.

    Raises CallerError naming the field.
    """
    given: list[tuple[str, Value]] = []
    for name in names:
        value = structured(fields.take(name))
        given += [(name, item) for item in items_of(value) if item not in (None, "")] if value else []
    role = _role(profile, several=len(given) > 1)
    found: list[Given] = []
    for name, item in given:
        found += await pictures(asked, own_file(asked, item), role=role, param=name)
    return found


def own_file(asked: Asked, value: Value) -> Value:
    """Read the address of a file that lies here as its id: it needs no way over the network."""
    here = origin(asked.ctx, asked.request)
    if isinstance(value, str) and here and value.startswith(f"{here}/v1/files/"):
        found = _FILE.fullmatch(value.removeprefix(here).partition("?")[0])
        return value if found is None else {"file_id": found[1]}
    return value


def _role(profile: Profile | None, *, several: bool) -> Role:
    """One picture is the first frame where the model takes one, as it was on relays; several are references."""
    offered = {} if profile is None else profile.inputs
    if offered.get(Role.FIRST_FRAME) and (not several or not offered.get(Role.REFERENCE)):
        return Role.FIRST_FRAME
    return Role.REFERENCE


async def mentioned(asked: Asked, prompt: str) -> tuple[str, ...]:
    """Give the ids of the asker's characters that a prompt names as `@username`."""
    names = set(_MENTION.findall(prompt))
    if not names:
        return ()
    project_id = asked.project_id
    rows = await asked.ctx.backend.read(lambda conn: character_rows.of_project(conn, project_id))
    found: dict[str, str] = {}
    for row in rows:
        # Where an upstream keeps it, the name in the prompt is all that upstream wants.
        if row.name in names and row.outside_id is None:
            found.setdefault(row.name, row.id)
    return tuple(found.values())


def switches(fields: Fields, profile: Profile | None) -> dict[str, bool | None]:
    """Read `watermark` and `private`, which clients of relays always send, for models that have such a switch."""
    watermark, private = fields.boolean("watermark"), fields.boolean("private")
    if profile is None:
        return {}
    return {
        "watermark": watermark if profile.watermark else None,
        "private": private if profile.private else None,
    }


async def plain_wish(asked: Asked, fields: Fields, *pictures: str, **named: Any) -> Wish:
    """Read what a create says in every format alike, with the names its pictures go by."""
    model = model_of(fields)
    profile = profile_of(asked, model)
    given = await pictures_of(asked, fields, profile, *pictures)
    return await wish_of(
        asked,
        fields,
        given,
        model=model,
        prompt=prompt_of(asked, fields),
        seconds=seconds_of(fields, "duration", "seconds"),
        size=size_of(shape_of(fields), profile),
        **switches(fields, profile),
        **named,
    )


async def wish_of(asked: Asked, fields: Fields, given: list[Given], **named: Any) -> Wish:
    """Put a draft together from what a relay's module read; what nobody read is passed to the model's own options."""
    characters = await mentioned(asked, named["prompt"])
    brought = await of_create(asked, fields, profile_of(asked, named["model"]))
    draft = Draft(
        inputs=tuple(g.input for g in given),
        characters=tuple(dict.fromkeys((*characters, *brought))),
        seed=fields.integer("seed"),
        negative_prompt=named.pop("negative_prompt", None) or fields.text("negative_prompt"),
        audio=fields.boolean("generate_audio"),
        notify_url=notify_url(fields),
        extra={**fields.rest(), **named.pop("extra", {})},
        **named,
    )
    return Wish(draft, tuple(f"{g.input.role.value}:{g.mark}" for g in given))
