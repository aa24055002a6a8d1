"""Keeping a character as every surface of the sources asks for it: from a task, or from the address of a clip."""

from __future__ import annotations

import re
from typing import Final

from reelgate.api.door import Asked
from reelgate.api.jobs import find
from reelgate.api.links import CONTENT, origin
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Character
from reelgate.engine import likenesses
from reelgate.engine.likenesses import Span, Wanted

_SPAN: Final = re.compile(
    r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*,\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*", re.ASCII
)


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
