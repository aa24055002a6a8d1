"""Video through `/chat/completions`: the job is the stream, and its text says how it goes.

The base address ends in `/v1`. Two families of text share the endpoint and are told apart by what they write:

- sora2api: `Video Generation Progress: 54%` in `reasoning_content`; the clip in `<video src='…'>`, or a line that
  begins with ❌, both with finish reason "STOP"; an exception is `data: {"error": …}`; `[DONE]` may be followed by
  the literal characters `\\n\\n`;
- asyncdata: a prompt echo in a json fence token by token, the job's id `task_…`, one line `进度 36..44..61..` that
  grows from chunk to chunk, `sid: s_…`, and a markdown link to the clip.

There is no id to ask with, no list and no cancel. A stream that breaks before it says how it ended is unclear. Since
nobody can be asked later, the ref of a finished job holds its ending: `https://…` (after the sid, where there is
one), or `failed:<code>:<reason>`. Whoever finds a lost clip may give its address as the ref.

The upstream model's name may have `{orientation}` and `{seconds}` in it, for servers that want both in the name.
A remix continues a job whose sid is known, by giving the assistant's own words back.

Channel settings:

    share  address under which a `task_…` of the asyncdata family can be asked about without a key; a party of its
           own, so it is off unless an operator names it. With it, a broken stream can be followed further.

Facts: TheSmallHanCat/sora2api @e7d91b3; Apifox chat pages and T8mars `Comfly_sora2_chat` for the other family.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from reelgate.core import relay
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Effect,
    Follow,
    Line,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_call import bearer, data_url, refusal, web_address
from reelgate.core.openai_shape import objects
from reelgate.core.task import Request, Role, Verb
from reelgate.core.words import (
    Said,
    as_object,
    classify_submit,
    error_in,
    job_failure,
    nothing_learned,
    path_segment,
    percent,
    phase_of,
    raw_word,
    trouble_of,
)

SILENCE_S: Final = 180.0
"""Keep-alive gaps of 30 s are normal."""
TEXT_MAX: Final = 60_000
"""Characters of text kept of one stream; its end is what counts."""
LINE_MAX: Final = 4_000
FOREIGN_MAX: Final = 65_536


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    share: Annotated[
        str,
        Meta(
            description="Address under which a `task_…` can be asked about without a key, so that a broken stream can be followed further."
        ),
    ] = ""


class ChatStream:
    """Speaks `/chat/completions` for video models."""

    name = "chat_stream"
    settings = Settings
    recorded = Recorded(
        names=("chat_sora2api", "chat_asyncdata"),
        ops={"share_query": "shared"},
        base="/v1",
    )

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Open the stream once, follow it to its end, and say what is certain about the job."""
        body = _body(submission)
        if isinstance(body, Failure):
            return Refused(failure=body)
        answer = yield Call(
            method="POST",
            path="/chat/completions",
            headers=bearer(channel),
            json=body,
            timeout_s=SILENCE_S,
            stream=True,
        )
        if not isinstance(answer, Reply):
            verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
            return verdict or Unclear(reason="The upstream did not answer with a stream.")
        heard = Heard()
        seen: Observation | None = None
        while not heard.ended and isinstance(line := (yield Follow(seen=seen)), Line):
            heard.take(line.text)
            seen = heard.running()
        return _outcome(heard, answer, submission, channel)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Say how the job of a ref ended; ask the share address where only an id is known."""
        ending = _ending(ref)
        if ending is not None:
            return ending
        share = web_address(channel.settings.get("share"))
        if share is None:
            return Observation(phase=None, trouble=_nobody_to_ask())
        path = f"{share.rstrip('/')}/{path_segment(ref)}"
        answer = yield Call(method="GET", path=path, timeout_s=30.0)
        return self.shared(answer, channel)

    def shared(self, reply: Answer, channel: Channel) -> Observation:
        """Read what the share address answers."""
        body = reply.object() if isinstance(reply, Reply) and reply.status < 300 else None
        job = as_object(body.get("content")) if body is not None else None
        word = job.get("status") if job is not None else None
        if job is None or not isinstance(word, str):
            return nothing_learned(trouble_of(reply, secret=channel.secret))
        return _shown(job, word, channel)


DIALECT: Final = ChatStream()


# The paid call.


def _body(submission: Submission) -> dict[str, Any] | Failure:
    request = submission.request
    for given in request.inputs:
        if given.role not in {Role.FIRST_FRAME, Role.REFERENCE} or given.character_id is not None:
            return refusal("input_reference", f"This channel takes no input of role {given.role.value}.")
    messages: list[dict[str, Any]] = []
    match request.verb:
        case Verb.CREATE:
            pass
        case Verb.REMIX:
            sid = _sid_of(submission.parent_ref or "")
            if sid is None:
                return refusal("video_id", "This channel remixes only clips whose session it knows.")
            messages.append({"role": "assistant", "content": f"> sid: {sid}"})
        case Verb.EDIT | Verb.EXTEND:
            return refusal("model", f"This channel does not offer {request.verb.value}.")
    messages.append({"role": "user", "content": _content(request)})
    extra = {n: v for n, v in request.extra.items() if n not in {relay.SHOTS, "stream", "messages", "model"}}
    return {"model": _model(submission), "messages": messages, "stream": True, **extra}


def _content(request: Request) -> str | list[dict[str, Any]]:
    prompt = relay.prompt_of(request)
    if not request.inputs:
        return prompt
    pictures = [{"type": "image_url", "image_url": {"url": data_url(given)}} for given in request.inputs]
    return [{"type": "text", "text": prompt}, *pictures]


def _model(submission: Submission) -> str:
    request = submission.request
    named = submission.upstream_model.replace("{orientation}", relay.orientation(request.size))
    return named.replace("{seconds}", str(request.seconds))


# Listening.


class Heard:
    """What a stream has said so far."""

    def __init__(self) -> None:
        self.text = ""
        """The whole lines of the answer, without the echo of the prompt, which may hold anything."""
        self.line = ""
        """The line that is still growing, chunk by chunk."""
        self.echoing = False
        self.raw = ""
        """Everything, with the echo."""
        self.thought = ""
        """The last words beside the answer, where one family writes its progress."""
        self.foreign = ""
        """Lines that are no event: a plain body, when the answer is no stream at all."""
        self.error: Said | None = None
        self.finish: str | None = None
        self.chunks = 0
        self.ended = False
        self.progress: int | None = None

    def take(self, line: str) -> None:
        """Take in one line of the stream."""
        if not line.startswith("data:"):
            if line and not line.startswith((":", "event:", "id:", "retry:")):
                self.foreign = f"{self.foreign}{line}\n"[:FOREIGN_MAX]
            return
        payload = line[len("data:") :].strip()
        if payload.startswith("[DONE]"):
            self.ended = True
            return
        chunk = _decoded(payload)
        if chunk is not None:
            self.take_chunk(chunk)

    def take_chunk(self, chunk: dict[str, Any]) -> None:
        """Take in one chunk, or one whole answer of the same shape."""
        self.error = error_in({"error": chunk.get("error")}) or self.error
        for choice in objects(chunk.get("choices")):
            self.chunks += 1
            said = as_object(choice.get("delta")) or as_object(choice.get("message")) or {}
            if isinstance(text := said.get("content"), str):
                self._write(text)
            if isinstance(thought := said.get("reasoning_content"), str):
                self.thought = (self.thought + thought)[-2_000:]
                self._measure(_PERCENT.findall(self.thought))
            finish = choice.get("finish_reason")
            if isinstance(finish, str) and finish.strip():
                self.finish = finish.strip().lower()

    def running(self) -> Observation:
        """Say how far the job is."""
        return Observation(phase=Phase.IN_PROGRESS, progress=self.progress)

    @property
    def answer(self) -> str:
        """The text with the line that is still growing."""
        return self.text if self.echoing else self.text + self.line

    def _write(self, text: str) -> None:
        self.raw = (self.raw + text)[-TEXT_MAX:]
        *whole, rest = text.split("\n")
        for part in whole:
            self._end_line(self.line + part)
            self.line = ""
        self.line = (self.line + rest)[-LINE_MAX:]
        self._measure_line(self.line)

    def _end_line(self, line: str) -> None:
        self._measure_line(line)
        bare = line.strip()
        if self.echoing or bare.startswith("```json"):
            closed = bare == "```" if self.echoing else bare.count("```") > 1
            self.echoing = not closed
        else:
            self.text = f"{self.text}{line}\n"[-TEXT_MAX:]

    def _measure_line(self, line: str) -> None:
        if self.echoing or line.lstrip().startswith("```"):
            return
        if _ABOUT_PROGRESS.search(line):
            self._measure([*_DOTTED.findall(line), *_PERCENT.findall(line)])
        elif _ONLY_PERCENT.fullmatch(line):
            self._measure(_PERCENT.findall(line))

    def _measure(self, values: list[str]) -> None:
        for value in values:
            now = percent(value) if float(value) <= 100 else None
            if now is not None:
                self.progress = max(now, self.progress or 0)


_ABOUT_PROGRESS: Final = re.compile(r"进度|progress", re.IGNORECASE)
_DOTTED: Final = re.compile(r"(?<!\d)(\d{1,3})\.\.")
_PERCENT: Final = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,2})?)\s{0,3}[%％]")
_ONLY_PERCENT: Final = re.compile(r"[>\s*]{0,8}\d{1,3}(?:\.\d{1,2})?\s{0,3}[%％][\s*.]{0,8}")


def _decoded(payload: str) -> dict[str, Any] | None:
    try:
        return as_object(msgspec.json.decode(payload.encode()))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


# How it ended.

_CLIP: Final = r"https?://[^\s\"'<>()\[\]{}\\]{1,2000}"
_CLIP_FILE: Final = r"https?://[^\s\"'<>()\[\]{}\\?#]{1,1000}?\.(?:mp4|mov|webm)(?!\w|\.\w)(?:[?#][^\s\"'<>()\[\]{}\\]{0,2000})?"
_SOURCES: Final = (
    re.compile(rf"<video[^>]{{0,300}}?\ssrc\s{{0,3}}=\s{{0,3}}[\"']?({_CLIP})", re.IGNORECASE),
    re.compile(rf"\[[^\]\n]{{0,200}}\]\(\s{{0,3}}({_CLIP_FILE})", re.IGNORECASE),
    re.compile(
        rf"\[[^\]\n]{{0,40}}(?:download video|下载视频|在线播放)[^\]\n]{{0,40}}\]\(\s{{0,3}}({_CLIP})",
        re.IGNORECASE,
    ),
    re.compile(rf"({_CLIP_FILE})", re.IGNORECASE),
)
_NAMED: Final = re.compile(rf"\"video_url\"\s{{0,3}}:\s{{0,3}}\"({_CLIP})\"")
_PREVIEW: Final = re.compile(
    r"\[[^\]\n]{0,40}(?:预览|preview)[^\]\n]{0,40}\]\([^)\n]{0,2000}\)", re.IGNORECASE
)
_STILL: Final = re.compile(r"\.(?:webp|gif|png|jpe?g)(?:[?#]|$)", re.IGNORECASE)
_FAILED: Final = re.compile(
    r"^[>*]{0,4}[^\S\n]{0,4}(?:❌|生成失败|Generation failed)[^\S\n]{0,4}[:：]?(.{0,1000})$",
    re.MULTILINE | re.IGNORECASE,
)
_TASK: Final = re.compile(r"\bID:\s{0,3}`?(task_[0-9A-Za-z]{8,64})`?")
_SID: Final = re.compile(r"\b(s_[0-9a-f]{32})\b")


def clip_in(heard: Heard) -> str | None:
    """Find the clip's address in what was said; posters and previews are none."""
    answer = _PREVIEW.sub(" ", heard.answer)
    for pattern in _SOURCES:
        for found in pattern.findall(answer):
            address = web_address(found.replace("&amp;", "&"))
            if address is not None and not _STILL.search(address):
                return address
    named = _NAMED.findall(heard.raw)
    return web_address(named[-1]) if named else None


def _outcome(heard: Heard, head: Reply, submission: Submission, channel: Channel) -> SubmitOutcome:
    if heard.chunks == 0 and heard.error is None:
        whole = _whole(heard, head)
        if not isinstance(whole, Heard):
            verdict = classify_submit(whole, now_ms=submission.submitted_at_ms, secret=channel.secret)
            return verdict or Unclear(reason="The upstream answered without a job.")
        heard = whole
    url = clip_in(heard)
    if url is not None:
        sid = _SID.search(heard.answer)
        return _over(f"{sid.group(1)} {url}" if sid else url, 100)
    failure = _failure(heard, channel)
    if failure is not None:
        return _over(f"failed:{failure.code.value}:{failure.message}", heard.progress)
    return _broken(heard, channel)


def _whole(heard: Heard, head: Reply) -> Heard | Reply:
    """Read an answer that was no stream: a whole chat completion, or else whatever it is."""
    body = msgspec.structs.replace(head, body=heard.foreign.encode())
    completion = body.object() if head.status < 300 else None
    if completion is None or not objects(completion.get("choices")):
        return body
    whole = Heard()
    whole.take_chunk(completion)
    return whole


def _over(ref: str, progress: int | None) -> Accepted:
    seen = _ending(ref)
    assert seen is not None  # noqa: S101 - made by `_outcome` just now
    return Accepted(ref=ref, observation=msgspec.structs.replace(seen, progress=progress))


def _failure(heard: Heard, channel: Channel) -> Failure | None:
    if heard.error is not None:
        return job_failure(heard.error, secret=channel.secret)
    told = _FAILED.search(heard.answer)
    over = heard.ended or heard.finish is not None
    if told is not None and over:
        return job_failure(Said(message=told.group(1).strip() or told.group(0)), secret=channel.secret)
    if heard.finish == "content_filter":
        return Failure(code=Code.CONTENT_POLICY, message="The upstream refused the request for its content.")
    if over:
        return Failure(code=Code.NO_OUTPUT, message="The upstream ended its answer and gave no clip.")
    return None


def _broken(heard: Heard, channel: Channel) -> SubmitOutcome:
    """The stream was cut: its job may still end well, but only an id could tell."""
    task = _TASK.search(heard.answer)
    if task is not None and web_address(channel.settings.get("share")) is not None:
        return Accepted(ref=task.group(1), observation=heard.running())
    detail = None if task is None else f"The upstream calls the job {task.group(1)}."
    return Unclear(reason="The stream broke before it said how the job ended.", detail=detail)


# Refs that hold an ending.


def _ending(ref: str) -> Observation | None:
    """Read what a ref says about its job; None for an id that somebody would have to be asked about."""
    if ref.startswith("failed:"):
        _, code, message = ref.split(":", 2) if ref.count(":") >= 2 else ("", "", "")
        known = Code(code) if code in set(Code) else Code.UPSTREAM_FAILED
        return Observation(
            phase=Phase.FAILED,
            error=Failure(code=known, message=message or "The upstream failed and gave no reason."),
        )
    url = web_address(ref.rpartition(" ")[2])
    if url is None:
        return None
    return Observation(phase=Phase.COMPLETED, progress=100, outputs=(Output(url=url),))


def _sid_of(ref: str) -> str | None:
    found = _SID.match(ref)
    return found.group(1) if found else None


# Asking the share address.


def _nobody_to_ask() -> Failure:
    return Failure(
        code=Code.UPSTREAM_LOST,
        message="The stream of this job is gone, and this channel has nobody to ask about it.",
    )


def _shown(job: dict[str, Any], word: str, channel: Channel) -> Observation:
    phase, progress = phase_of(word), percent(job.get("progress"))
    match phase:
        case Phase.FAILED:
            said = error_in({"error": job.get("error") or job.get("message") or job.get("fail_reason")})
            failure = job_failure(said, word=word, secret=channel.secret)
            return Observation(phase=phase, error=failure, word=raw_word(word))
        case Phase.COMPLETED:
            url = web_address(job.get("url"))
            outputs = () if url is None else (Output(url=url),)
            progress = 100 if outputs else None
            return Observation(phase=phase, progress=progress, outputs=outputs, word=raw_word(word))
        case _:
            return Observation(phase=phase, progress=progress, word=raw_word(word))
