"""From the fields of a body to a draft: every field by its type, every refusal naming its field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from reelgate.api.claims import Wish, notify_url
from reelgate.api.door import Asked
from reelgate.api.fields import Fields, Value, as_integer, items_of, structured
from reelgate.api.likenesses import of_create
from reelgate.api.openai.effective import asks_only
from reelgate.api.references import Given, pictures, source
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Role, Size, Verb, parse_size
from reelgate.engine.context import Draft


def picture_limits(limit: int) -> dict[str, int]:
    """Name the fields that take a picture file."""
    return dict.fromkeys(("input_reference", *_EXACT), limit)


async def create_draft(asked: Asked, fields: Fields) -> Wish:
    """Read a create.

    Raises CallerError naming the field that is wrong.
    """
    model = _model(fields)
    given = await _pictures(asked, fields, model)
    served = asked.ctx.channels.find(model or asked.ctx.rules.default_model)
    brought = await of_create(
        asked, fields, None if served is None else served.profile, keeps=not asks_only(asked)
    )
    return _wish(
        asked,
        fields,
        given,
        verb=Verb.CREATE,
        model=model,
        seconds=_positive(fields, "seconds"),
        size=_size(fields),
        characters=tuple(dict.fromkeys((*_characters(fields), *brought))),
    )


async def remix_draft(asked: Asked, fields: Fields, video_id: str) -> Wish:
    """Read a remix of `video_id`."""
    model = _model(fields)
    given = await _pictures(asked, fields, model)
    return _wish(
        asked,
        fields,
        given,
        verb=Verb.REMIX,
        parent_id=video_id,
        model=model,
        seconds=_positive(fields, "seconds"),
        size=_size(fields),
        characters=_characters(fields),
    )


async def edit_draft(asked: Asked, fields: Fields) -> Wish:
    """Read an edit."""
    clip, parent_id = await _source(asked, fields)
    return _wish(
        asked,
        fields,
        clip,
        verb=Verb.EDIT,
        parent_id=parent_id,
        model=_model(fields),
        seconds=_positive(fields, "seconds"),
        size=_size(fields),
        characters=_characters(fields),
    )


async def extension_draft(asked: Asked, fields: Fields) -> Wish:
    """Read an extension; `seconds` is the length to append."""
    clip, parent_id = await _source(asked, fields)
    return _wish(
        asked,
        fields,
        clip,
        verb=Verb.EXTEND,
        parent_id=parent_id,
        model=_model(fields),
        seconds=_positive(fields, "seconds"),
        size=_size(fields),
    )


def _wish(asked: Asked, fields: Fields, given: Sequence[Given], *, verb: Verb, **named: Any) -> Wish:
    draft = Draft(
        verb=verb,
        prompt=_prompt(fields, asked.ctx.limits.prompt_max),
        inputs=tuple(g.input for g in given),
        seed=fields.integer("seed"),
        negative_prompt=fields.text("negative_prompt"),
        audio=fields.boolean("audio"),
        watermark=fields.boolean("watermark"),
        private=fields.boolean("private"),
        priority=fields.integer("priority"),
        start_after=_start_after(fields),
        adapt=bool(fields.boolean("adapt")),
        notify_url=notify_url(fields),
        extra=fields.rest(),
        **named,
    )
    return Wish(draft, tuple(f"{g.input.role.value}:{g.mark}" for g in given))


def _prompt(fields: Fields, longest: int) -> str:
    prompt = fields.required_text("prompt")
    if longest and len(prompt) > longest:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`prompt` has {len(prompt):,} characters; at most {longest:,} are taken.",
            param="prompt",
        )
    return prompt


def _model(fields: Fields) -> str | None:
    model = fields.text("model")
    if model is not None and len(model) > 200:
        raise refuse(Code.INVALID_REQUEST, "`model` is too long to be a name.", param="model")
    return model.strip() or None if model is not None else None


def _positive(fields: Fields, name: str) -> int | None:
    number = fields.integer(name)
    if number is not None and not 1 <= number <= 86_400:
        raise refuse(Code.INVALID_REQUEST, f"`{name}` is {number}; it must be 1 or more.", param=name)
    return number


def _start_after(fields: Fields) -> int | None:
    """Read a moment in Unix seconds or as RFC 3339 text, in milliseconds; both names mean the same."""
    for name in ("start_after", "scheduled_at"):
        value = fields.take(name)
        if value is not None:
            return _moment(value, name)
    return None


def _moment(value: Value, name: str) -> int:
    if isinstance(value, str) and "T" in value.upper():
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return int(moment.timestamp() * 1000)
        raise refuse(
            Code.INVALID_REQUEST,
            f"`{name}` must be Unix seconds, or a time with its offset such as `2030-01-31T08:00:00Z`.",
            param=name,
        )
    seconds = as_integer(value, name)
    if not 0 <= seconds < 10**11:
        raise refuse(Code.INVALID_REQUEST, f"`{name}` must be Unix seconds.", param=name)
    return seconds * 1000


def _size(fields: Fields) -> Size | None:
    text = fields.text("size")
    if text is None:
        return None
    size = parse_size(text)
    if size is None:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`size` is `{text[:40]}`; it must be written as width x height, such as `720x1280`.",
            param="size",
        )
    return size


def _characters(fields: Fields) -> tuple[str, ...]:
    value = structured(fields.take("characters"))
    if value is None:
        return ()
    return tuple(_character(structured(item)) for item in items_of(value))


def _character(item: Value) -> str:
    match item:
        case {"id": str(found)} | str(found):
            return found
        case _:
            raise refuse(
                Code.INVALID_REQUEST,
                "`characters` must be a list of objects with an `id`.",
                param="characters",
            )


_EXACT: Final = {
    "first_frame": Role.FIRST_FRAME,
    "last_frame": Role.LAST_FRAME,
    "references": Role.REFERENCE,
}
"""Fields that say what their pictures are for, where `input_reference` leaves it to the model."""


async def _pictures(asked: Asked, fields: Fields, model: str | None) -> list[Given]:
    value = structured(fields.take("input_reference"))
    several = isinstance(value, list) and len(value) > 1  # pyright: ignore[reportUnknownArgumentType]
    role = _reference_role(asked, model, several=several)
    given = await pictures(asked, value, role=role, param="input_reference")
    for name, exact in _EXACT.items():
        given += await pictures(asked, fields.take(name), role=exact, param=name)
    return given


def _reference_role(asked: Asked, model: str | None, *, several: bool) -> Role:
    """One `input_reference` is the first frame where the model takes one, as it was on the original service."""
    served = asked.ctx.channels.find(model or asked.ctx.rules.default_model)
    offered = served.profile.inputs if served is not None else {}
    if offered.get(Role.FIRST_FRAME) and (not several or not offered.get(Role.REFERENCE)):
        return Role.FIRST_FRAME
    return Role.REFERENCE


async def _source(asked: Asked, fields: Fields) -> tuple[list[Given], str | None]:
    value = fields.take("video")
    if value is None:
        raise refuse(Code.INVALID_REQUEST, '`video` is missing: send a file or `{"id": …}`.', param="video")
    clip, parent_id = await source(asked, value)
    return ([] if clip is None else [clip]), parent_id
