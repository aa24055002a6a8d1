"""Video through `/chat/completions`, in both families of text; the model's name decides which.

`sora2-…` and `sora2pro-…` speak as sora2api does (progress beside the answer, a `<video>` tag, ❌ for a failure);
any other name speaks as asyncdata does (an echo token by token, one line of progress that grows, a markdown link).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import Phase
from reelgate.core.words import as_object
from reelgate.testing.simulators import (
    Answer,
    Ask,
    Desk,
    Family,
    Job,
    Order,
    Refusal,
    Route,
    Sight,
    Stream,
    Why,
    says,
)

STEP_S: Final = 0.25
"""How often a stream says something while its job runs."""
_DONE: Final = "data: [DONE]\n\n"
_BROKEN_DONE: Final = "data: [DONE]\\n\\n\n\n"
"""What one branch of sora2api writes: the backslashes are characters."""


def complete(desk: Desk, ask: Ask) -> Answer:
    """Take a job and stream how it goes; without `stream` nothing is made."""
    given = ask.fields
    prompt, sid = _asked(given.get("messages"))
    if given.get("stream") is not True:
        message = {"role": "assistant", "content": "The model is available. Use `stream: true`. (simulator)"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return says({"id": "chatcmpl-0", "object": "chat.completion", "choices": [choice]})
    model = str(given.get("model") or "")
    wide = "landscape" in model
    seconds = re.search(r"(\d+)s$", model)
    job = desk.accept(
        Order(
            prompt=prompt,
            model=model,
            seconds=seconds.group(1) if seconds else "10",
            size="1280x720" if wide else "720x1280",
            verb="create" if sid is None else "remix",
            parent=sid,
            fields=given,
        )
    )
    speak = _sora2api if model.startswith("sora2") else _asyncdata
    return Stream(speak(desk, job))


def _asked(messages: object) -> tuple[str, str | None]:
    """Find the last thing a user said, and the session it goes on from."""
    if not isinstance(messages, list) or not messages:
        raise Refusal(Why.INVALID, "messages is required", param="messages")
    said = [as_object(each) or {} for each in cast("list[object]", messages)]
    before = " ".join(str(each.get("content")) for each in said[:-1])
    sid = re.search(r"\bs_[0-9a-f]{32}\b", before)
    content = said[-1].get("content")
    if isinstance(content, list):
        parts = [as_object(part) or {} for part in cast("list[object]", content)]
        content = " ".join(str(part["text"]) for part in parts if part.get("type") == "text")
    return str(content or ""), sid.group(0) if sid else None


def _chunk(job: Job, finish: str | None = None, **delta: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish}
    chunk = {
        "id": f"chatcmpl-{job.created_ms}",
        "object": "chat.completion.chunk",
        "created": job.created_ms // 1_000,
        "model": "sora",
        "choices": [choice],
    }
    return f"data: {msgspec.json.encode(chunk).decode()}\n\n"


# sora2api.


async def _sora2api(desk: Desk, job: Job) -> AsyncIterator[str]:
    yield _chunk(
        job, role="assistant", content=None, reasoning_content="**Video Generation Process Begins**\n\n"
    )
    sight = desk.glance(job)
    async for seen in desk.watch(job, max(STEP_S, job.run_s / 20)):
        sight = seen
        if not sight.ended:
            line = f"**Video Generation Progress**: {sight.percent}% (running)\n\n"
            yield _chunk(job, content=None, reasoning_content=line)
    for piece in _ending_of_sora2api(job, sight):
        yield piece


def _ending_of_sora2api(job: Job, sight: Sight) -> list[str]:
    if sight.has_clip:
        text = f"```html\n<video src='{sight.url}' controls></video>\n```"
        return [_chunk(job, "STOP", content=text, reasoning_content=None), _DONE]
    match sight.trouble:
        case "broke":
            error = {"message": sight.message(), "type": "server_error", "param": None, "code": None}
            return [f"data: {msgspec.json.encode({'error': error}).decode()}\n\n", _DONE]
        case None:
            return [_chunk(job, "STOP", content="", reasoning_content=None), _DONE]
        case _:
            text = f"❌ {sight.message()}"
            return [_chunk(job, "STOP", content=text, reasoning_content=None), _BROKEN_DONE]


# asyncdata.


async def _asyncdata(desk: Desk, job: Job) -> AsyncIterator[str]:
    for piece in _echo(job):
        yield _chunk(job, content=piece)
    yield _chunk(job, content=f"> ID: `{job.ref}`\n> 排队中.")
    begun = False
    sight = desk.glance(job)
    async for seen in desk.watch(job, max(STEP_S, job.run_s / 10)):
        sight = seen
        if sight.phase is Phase.IN_PROGRESS:
            # One line grows: a chunk may be a number and two dots, no more.
            lead = "" if begun else "\n\n> 生成中.\n\n>🏃‍ 进度 "
            begun = True
            yield _chunk(job, content=f"{lead}{sight.percent}..")
        elif sight.phase is Phase.QUEUED:
            yield _chunk(job, content=".")
    yield _chunk(job, content=_end_of_asyncdata(desk, sight))
    yield _chunk(job, "stop")
    yield _DONE


def _echo(job: Job) -> list[str]:
    wide = job.order.size.startswith("1280")
    echo = {"prompt": job.order.prompt, "orientation": "landscape" if wide else "portrait"}
    text = f"```json\n{msgspec.json.encode(echo).decode()}\n```\n\n"
    return [text[start : start + 7] for start in range(0, len(text), 7)]


def _end_of_asyncdata(desk: Desk, sight: Sight) -> str:
    if sight.has_clip:
        sid = desk.new_id("s_{hex}")
        poster = sight.url.replace(".mp4", ".webp")
        return f"\n\n> 生成完成 ✅\n\n> sid: {sid}\n\n![simulated]({poster})\n\n[在线播放▶️]({sight.url})\n"
    return "\n\n" if sight.trouble is None else f"\n\n❌ {sight.message()}\n"


def share(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands to whoever knows its id; no key is asked for."""
    sight = desk.look(ask.params["ref"])
    words = {Phase.QUEUED: "pending", Phase.IN_PROGRESS: "processing", Phase.COMPLETED: "completed"}
    word = sight.word({**words, Phase.FAILED: "failed", Phase.CANCELLED: "failed"})
    content = {"progress": sight.percent, "status": word, "url": sight.url or None, "gif_url": None}
    return says({"content": content})


FAMILIES: Final = (
    Family(
        dialect="chat_stream",
        title="Chat-completions relays (sora2api and asyncdata)",
        base="/v1",
        model="sora2-{orientation}-{seconds}s",
        settings={"sunset": {"sora2-{orientation}-{seconds}s": None}},
        ref="task_{hex}",
        routes=(
            Route("POST", "/v1/chat/completions", complete, "create"),
            Route("GET", "/api/share/{ref}", share, "poll", open=True),
        ),
        at_once=True,
        second_micro=0,
        clip_micro=120_000,
    ),
)
