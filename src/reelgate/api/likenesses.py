"""Keeping a character as every surface of the sources asks for it: from a task, or from the address of a clip.

A create may name its figure the same way, with `character_url` or `character_from_task` and `character_timestamps`.
"""

from __future__ import annotations

import re
from typing import Final

from reelgate.api.door import Asked
from reelgate.api.errors import renamed
from reelgate.api.fields import Fields
from reelgate.api.jobs import find
from reelgate.api.links import CONTENT, origin
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.profile import Profile
from reelgate.core.task import Character
from reelgate.engine import likenesses
from reelgate.engine.likenesses import Span, Wanted

_SPAN: Final = re.compile(
    r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*,\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*", re.ASCII
)
_ON_CREATE: Final = {
    "url": "character_url",
    "from_task": "character_from_task",
    "timestamps": "character_timestamps",
}


async def keep(asked: Asked, url: str | None, task: str | None, span: Span, wanted: Wanted) -> Character:
    """Keep a character from a task, or from a clip's address when there is one instead.

    Raises CallerError naming `url`, `from_task` or `timestamps`.
    """
    if bool(url) == bool(task):
        raise refuse(Code.INVALID_REQUEST, "Send exactly one of `url` and `from_task`.", param="url")
    own = own_clip(asked, url) if url else task
    if own:
        job = await find(asked, own)
        return await likenesses.keep_from_task(asked.ctx, asked.who, job.id, span, wanted)
    return await likenesses.keep_from_url(asked.ctx, asked.who, url or "", span, wanted)


def own_clip(asked: Asked, url: str) -> str | None:
    """Read the address of a clip of ours as its id: it needs no way over the network."""
    here = origin(asked.ctx, asked.request)
    head, tail = CONTENT.split("{video_id}")
    path = url.partition("?")[0]
    if not here or not path.startswith(f"{here}{head}") or not path.endswith(tail):
        return None
    return path.removeprefix(f"{here}{head}").removesuffix(tail)


def span_of(text: str) -> Span:
    """Read a span of seconds.

    Raises CallerError naming `timestamps`.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise refuse(
            Code.INVALID_REQUEST,
            '`timestamps` must be the start and end in seconds, such as `"1,3"`.',
            param="timestamps",
        )
    return Span(float(found[1]), float(found[2]))


async def of_create(
    asked: Asked, fields: Fields, profile: Profile | None, *, keeps: bool = True
) -> tuple[str, ...]:
    """Give the id of the character a create brings along, kept from its clip where it is not yet; none without one.

    With `keeps` off, only one that is here already is given. A model whose upstream makes characters of its own
    accord is passed the fields as they are. Raises CallerError naming the field.
    """
    if profile is None or (profile.passthrough and not profile.characters):
        return ()
    url, task = fields.text("character_url"), fields.text("character_from_task")
    stamps = fields.text("character_timestamps")
    if not url and not task:
        if stamps:
            raise _refused("character_timestamps", "is the span of a clip: name it with `character_url`.")
        return ()
    name = "character_url" if url else "character_from_task"
    if not profile.characters:
        raise _refused(
            name, "makes a character, and this model takes none: `/v1/models` says which models do."
        )
    if not stamps:
        raise _refused("character_timestamps", f'is missing: which 1 to 3 s of `{name}`, such as `"1,3"`.')
    try:
        kept = await _on_create(asked, url, task, span_of(stamps), keeps=keeps)
    except CallerError as error:
        raise CallerError(renamed(error.failure, _ON_CREATE)) from error
    return () if kept is None else (kept.id,)


async def _on_create(
    asked: Asked, url: str | None, task: str | None, span: Span, *, keeps: bool
) -> Character | None:
    known = None
    if url and not task:
        known = await likenesses.known_from_url(asked.ctx, asked.who, url, span)
    if known is not None or not keeps:
        return known
    return await keep(asked, url, task, span, likenesses.ANY)


def _refused(param: str, why: str) -> CallerError:
    return refuse(Code.INVALID_REQUEST, f"`{param}` {why}", param=param)
