"""`/v1/chat/completions` for video models: progress while the clip is made, then its address.

A stream says how far the clip is in `reasoning_content`, as one family of relays does, and gives the clip as a
`<video>` tag and a link. Whoever leaves loses nothing: the video goes on and is found under its id.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, cast

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from reelgate.api import errors
from reelgate.api.answers import Json
from reelgate.api.claims import Wish
from reelgate.api.compat.refusals import plain, said
from reelgate.api.door import Asked, Operation
from reelgate.api.errors import renamed
from reelgate.api.fields import Fields, Value, as_text, items_of
from reelgate.api.jobs import Job, find, shown, start
from reelgate.api.leaving import left
from reelgate.api.sse import HEARTBEAT, EventStream
from reelgate.api.waiting import ended, status, wait
from reelgate.api.wishes import (
    check_length,
    model_of,
    pictures_of,
    profile_of,
    seconds_of,
    shape_of,
    size_of,
    switches,
    wish_of,
)
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.engine.hub import TooSlow

LONGEST_S: Final = 3_000.0
"""How long a call without a stream waits for its clip."""
HEARTBEAT_S: Final = 15.0
_IGNORED: Final = (
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "stream_options", "user", "presence_penalty",
    "frequency_penalty", "stop", "logit_bias", "logprobs", "tools", "tool_choice", "response_format", "store",
)  # fmt: skip
"""What chat clients send of their own accord and what means nothing for a clip."""
_ENCODED: Final = re.compile(r"(.+?)-(landscape|portrait)(?:-([0-9]{1,3})s)?", re.ASCII)
_NAMES: Final = {"prompt": "messages", "input_reference": "messages"}


async def complete(asked: Asked) -> Response:
    """Make a video of the last thing the user said, streaming how it goes or answering when it has ended."""
    async with asked.door.bodies.read(asked.request) as fields:
        stream = bool(fields.boolean("stream"))
        wish = await _wish(asked, fields)
    job, headers = await start(asked, "chat", wish, _NAMES)
    if stream:
        answer = EventStream(_frames(asked, job))
        answer.headers.update(headers)
        return answer
    job = await _ended(asked, job)
    if job.failure is not None:
        raise CallerError(renamed(job.failure, _NAMES))
    return Json(_completion(job), headers=headers)


# Reading.


async def _wish(asked: Asked, fields: Fields) -> Wish:
    for name in _IGNORED:
        fields.take(name)
    if fields.integer("n") not in (None, 1):
        raise refuse(Code.INVALID_REQUEST, "`n` must be 1: a request makes one clip.", param="n")
    text, images = _said(fields.take("messages"))
    check_length(asked, text, "messages")
    more = fields.take("image")
    read = Fields({"messages": [*images, *(items_of(more) if more else [])]}, typed=True)
    model, orientation, seconds = _named(asked, model_of(fields))
    profile = profile_of(asked, model)
    shape = shape_of(fields)
    if orientation is not None and shape.ratio is None:
        ratio = (16, 9) if orientation == "landscape" else (9, 16)
        shape = msgspec.structs.replace(shape, ratio=ratio, param="model")
    return await wish_of(
        asked,
        fields,
        await pictures_of(asked, read, profile, "messages"),
        model=model,
        prompt=text,
        seconds=seconds_of(fields, "seconds", "duration") or seconds,
        size=size_of(shape, profile),
        **switches(fields, profile),
    )


def _named(asked: Asked, name: str | None) -> tuple[str | None, str | None, int | None]:
    """Read a model's name, which some clients write the format and the length into, as `…-landscape-10s`."""
    found = None if name is None or asked.ctx.channels.find(name) else _ENCODED.fullmatch(name)
    if found is None:
        return name, None, None
    return found[1], found[2], int(found[3]) if found[3] else None


def _said(messages: Value) -> tuple[str, list[Value]]:
    """Give the text and the pictures of the last message of the user.

    Raises CallerError naming `messages` when there is no text in it.
    """
    items = cast("list[Any]", messages) if isinstance(messages, list) else []
    objects = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
    spoken = [message for message in objects if message.get("role") == "user"]
    if not spoken:
        raise refuse(
            Code.INVALID_REQUEST, "`messages` must hold a message of the role `user`.", param="messages"
        )
    texts: list[str] = []
    images: list[Value] = []
    for part in items_of(spoken[-1].get("content")):
        match part:
            case {"type": "text", "text": text}:
                texts.append(as_text(text, "messages"))
            case {"type": "image_url", "image_url": {"url": url} | url}:
                images.append(url)
            case dict() | None:
                raise refuse(
                    Code.INVALID_REQUEST, "`messages` may hold texts and pictures.", param="messages"
                )
            case _:
                texts.append(as_text(part, "messages"))
    text = "\n".join(texts).strip()
    if not text:
        raise refuse(Code.INVALID_REQUEST, "`messages` holds no text to make a clip of.", param="messages")
    return text, images


# Answering at the end.


async def _ended(asked: Asked, job: Job) -> Job:
    """Wait for the end.

    Raises ClientDisconnect when the client leaves before, CallerError when it takes too long; the video goes on.
    """
    row = await status(asked.ctx, job.id, asked.project_id)
    if row is None:
        return await find(asked, job.id)
    waiting = asyncio.ensure_future(wait(asked.ctx, row, asked.project_id, LONGEST_S, ended))
    leaving = asyncio.ensure_future(left(asked.request.receive))
    try:
        await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise ClientDisconnect
        job = shown(asked, waiting.result())
    finally:
        for task in (waiting, leaving):
            task.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)
    if job.url is None and job.failure is None:
        raise CallerError(
            Failure(
                code=Code.DEADLINE_EXCEEDED,
                message=f"The clip is not finished yet. It goes on, and is found as `/v1/videos/{job.id}`.",
            )
        )
    return job


def _completion(job: Job) -> dict[str, Any]:
    message = {"role": "assistant", "content": _clip(job)}
    return {
        "id": f"chatcmpl-{job.id}",
        "object": "chat.completion",
        "created": job.created_at // 1000,
        "model": job.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "video_url": job.url,
    }


def _clip(job: Job) -> str:
    return f"```html\n<video src='{job.url}' controls></video>\n```\n\n[download video]({job.url})\n"


# Streaming.


async def _frames(asked: Asked, job: Job) -> AsyncGenerator[bytes, None]:
    """Say how it goes until the video has ended."""
    ctx = asked.ctx
    yield _chunk(job, role="assistant", content="", reasoning_content=f"Video {job.id} is queued.\n")
    followed = ctx.hub.follow(cursor=0, project_id=asked.project_id, task_id=job.id, idle_s=asked.door.tick_s)
    told, spoke = -1, ctx.clock.monotonic()
    try:
        async with aclosing(followed) as events:
            async for event in events:
                row = await status(ctx, job.id, asked.project_id)
                if row is None:
                    break
                job = shown(asked, row)
                if job.url is not None or job.failure is not None:
                    break
                if event is not None and job.progress is not None and job.progress > told:
                    told, spoke = job.progress, ctx.clock.monotonic()
                    yield _chunk(job, reasoning_content=f"**Video Generation Progress**: {told}% (running)\n")
                elif ctx.clock.monotonic() - spoke >= HEARTBEAT_S:
                    spoke = ctx.clock.monotonic()
                    yield HEARTBEAT
    except TooSlow:
        return
    for piece in _ending(job):
        yield piece


def _ending(job: Job) -> list[bytes]:
    if job.url is not None:
        return [_chunk(job, content=_clip(job)), _chunk(job, finish="stop"), _DONE]
    failure = job.failure or Failure(code=Code.NOT_FOUND, message="The video was deleted.")
    form = errors.MAPPED[failure.code]
    return [
        _chunk(job, content=f"❌ {failure.message}\n"),
        _chunk(job, finish="stop"),
        b"data: " + msgspec.json.encode(plain(renamed(failure, _NAMES), form)) + b"\n\n",
        _DONE,
    ]


def _chunk(job: Job, *, finish: str | None = None, **delta: str) -> bytes:
    chunk = {
        "id": f"chatcmpl-{job.id}",
        "object": "chat.completion.chunk",
        "created": job.created_at // 1000,
        "model": job.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


_DONE: Final = b"data: [DONE]\n\n"

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/chat/completions",
        handler=said(complete, plain),
        summary="Create a video in a chat",
        tag="videos",
        body={
            "application/json": {
                "type": "object",
                "required": ["messages"],
                "properties": {
                    "model": {"type": "string"},
                    "messages": {"type": "array", "items": {"type": "object"}},
                    "stream": {"type": "boolean"},
                },
            }
        },
    ),
)
