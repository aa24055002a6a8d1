"""Pieces that relays of the same kind share: pictures by address, characters, shots, picture formats.

What only one relay does stays in its dialect.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from math import gcd
from typing import Any, Final, Literal, cast

from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Effect,
    KeepOutcome,
    Kept,
    Likeness,
    Refused,
    Reply,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_call import SUBMIT_TIMEOUT_S, bearer, file_part, refusal, web_address
from reelgate.core.task import Input, Request, Size
from reelgate.core.words import as_object, classify_submit, error_in, trouble_of

UPLOAD_TIMEOUT_S: Final = 180.0
LONGEST_SPAN_S: Final = 3
SHOTS: Final = "shots"
"""The vendor option that holds a storyboard: a list of `{scene, duration}`."""


# Pictures by address: the relay's own file host first, then the paid call.


def upload(
    inputs: Sequence[Input], path: str, channel: Channel
) -> Generator[Effect, Answer, list[str] | Refused]:
    """Put files on the relay's file host and give their addresses; nothing is paid for yet."""
    found: list[str] = []
    for given in inputs:
        answer = yield Call(
            method="POST",
            path=path,
            headers=bearer(channel),
            form=(file_part(("file", given)),),
            timeout_s=UPLOAD_TIMEOUT_S,
        )
        address = _address(answer)
        if address is None:
            return Refused(failure=_not_taken(answer, channel))
        found.append(address)
    return found


def _address(answer: Answer) -> str | None:
    body = answer.object() if isinstance(answer, Reply) and answer.status < 300 else None
    if body is None:
        return None
    data = body.get("data")
    inner = as_object(data) or {}
    candidates = (web_address(value) for value in (body.get("url"), inner.get("url"), data))
    return next((address for address in candidates if address is not None), None)


def _not_taken(answer: Answer, channel: Channel) -> Failure:
    """Say why a file was not taken. Unlike after a paid call, doubt is harmless here: it may be sent again."""
    trouble = trouble_of(answer, secret=channel.secret)
    definite = isinstance(answer, Reply) and 400 <= answer.status < 500
    if (
        trouble is not None
        and trouble.code not in {Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST}
        and definite
    ):
        return trouble
    return Failure(
        code=Code.OVERLOADED,
        message="The upstream's file host did not take the file; nothing was generated.",
        detail=None if trouble is None else trouble.detail,
    )


# Characters.


def keep_character(likeness: Likeness, channel: Channel, path: str) -> Generator[Effect, Answer, KeepOutcome]:
    """Have a character made from one to three seconds of a clip. The body must name no model."""
    source = {"url": likeness.url, "from_task": likeness.ref}
    given = {name: value for name, value in source.items() if value}
    if len(given) != 1:
        return Refused(
            failure=refusal("url", "A character is made from exactly one of a clip and an address.")
        )
    if not 1 <= likeness.end_s - likeness.start_s <= LONGEST_SPAN_S or likeness.start_s < 0:
        return Refused(failure=refusal("timestamps", "The span of a character is one to three seconds long."))
    answer = yield Call(
        method="POST",
        path=path,
        headers=bearer(channel),
        json={"timestamps": f"{likeness.start_s},{likeness.end_s}", **given},
        timeout_s=SUBMIT_TIMEOUT_S,
    )
    kept = _kept(answer)
    if kept is not None:
        return kept
    verdict = classify_submit(answer, secret=channel.secret)
    return verdict or Unclear(reason="The upstream answered without a character.")


def _kept(answer: Answer) -> Kept | None:
    body = answer.object() if isinstance(answer, Reply) and answer.status < 300 else None
    if body is None or error_in({"error": body.get("error")}) is not None:
        return None
    ref, name = body.get("id"), body.get("username")
    if not isinstance(ref, str) or not isinstance(name, str) or not ref or not name:
        return None
    return Kept(ref=ref, name=name, picture_url=web_address(body.get("profile_picture_url")))


# Storyboards: one job whose prompt has a block for each shot. No relay has a route for them.


def prompt_of(request: Request) -> str:
    """Give the prompt, with the shots of a storyboard written out as relays read them."""
    shots = request.extra.get(SHOTS)
    return shots_written(request.prompt, cast("list[object]", shots) if isinstance(shots, list) else [])


def shots_written(prompt: str, shots: Sequence[object]) -> str:
    """Write shots, each `{scene, duration}`, out after a prompt, which may be empty."""
    blocks = [block for item in shots if (block := _block(as_object(item))) is not None]
    numbered = [f"Shot {number}:\n{block}" for number, block in enumerate(blocks, start=1)]
    return "\n\n".join([*([prompt] if prompt or not numbered else []), *numbered])


def _block(shot: Mapping[str, Any] | None) -> str | None:
    scene = shot.get("scene") if shot is not None else None
    if shot is None or not isinstance(scene, str) or not scene.strip():
        return None
    lines = [f"Scene: {' '.join(scene.split())}"]
    seconds = shot.get("duration")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        lines.insert(0, f"duration: {seconds:g}sec")
    return "\n".join(lines)


def is_storyboard(prompt: str) -> bool:
    """Tell whether a prompt is cut into shots with lengths of their own."""
    return (
        re.search(r"^\s*Shot\s+\d+\s*:\s*\n\s*duration\s*:", prompt, re.IGNORECASE | re.MULTILINE) is not None
    )


# Formats.


def orientation(size: Size) -> Literal["landscape", "portrait"]:
    """Give the one thing relays want to know of a size; a square counts as portrait."""
    return "landscape" if size.width > size.height else "portrait"


def wide_or_tall(size: Size) -> Literal["16:9", "9:16"]:
    """Give the nearer of the two ratios relays know."""
    return "16:9" if size.width > size.height else "9:16"


def ratio(size: Size) -> str:
    """Give a size as the smallest whole ratio, such as `16:9`."""
    shared = gcd(size.width, size.height)
    return f"{size.width // shared}:{size.height // shared}"


def is_large(size: Size) -> bool:
    """Tell whether a size is above the class of 720 lines."""
    return min(size.width, size.height) > 720


def lines(size: Size) -> str:
    """Give the class of a size by its shorter side, such as `720p`."""
    return f"{min(size.width, size.height)}p"
