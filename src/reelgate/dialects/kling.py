"""Kling: `/v1/videos/{kind}`, where the kind of a job is part of its address.

The base address is the bare host; a ref is `{kind}/{task_id}`. The secret is `{access key}:{secret key}`,
of which every call makes a token of half an hour, or one plain API key. Channel settings:

    auth          "key" when a plain API key has a colon in it
    callback_url  where the upstream posts each change; unsigned, so it only hurries the next poll

HTTP 200 is no success before `code` is 0. Our own name for a submission goes along as
`external_task_id`, which the upstream documents as unique and as good as the id in questions; that a
second one is refused is not known, so it is asked about and never sent again. Relays answer with
`code: "success"` and other words. Facts from app.klingai.com, ArcReel and vercel/ai; nothing stops a job.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from reelgate.core import jwt
from reelgate.core.channel_settings import CalledBack
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Effect,
    Embedded,
    FindOutcome,
    Found,
    Moment,
    NoReply,
    NotFound,
    Now,
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
from reelgate.core.job_shape import (
    CLOCK_SKEW_MS,
    Job,
    Listing,
    Look,
    Page,
    addresses,
    conclude,
    good,
    id_in,
    looked,
    poll_listed,
    ratio_of,
    text_in,
    unwanted_role,
)
from reelgate.core.openai_call import SUBMIT_TIMEOUT_S, callback_url, refusal, with_extra
from reelgate.core.openai_shape import objects
from reelgate.core.size_class import class_of
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import (
    Said,
    as_object,
    classify_submit,
    error_in,
    failure_of,
    fold,
    job_failure,
    nothing_learned,
    path_segment,
    percent,
    retry_after_s,
    timestamp_ms,
    trouble_of,
)

TOKEN_S: Final = 1_800
SKEW_S: Final = 5
SETTLED_MS: Final = 120_000
"""A job that is not there this long after its submission was never made."""
KEPT_MS: Final = 30 * 86_400_000
PAGE: Final = 500
MOST_PAGES: Final = 20

_CODES: Final[Mapping[str, Code]] = {
    "1000": Code.UNAUTHORIZED,
    "1001": Code.UNAUTHORIZED,
    "1002": Code.UNAUTHORIZED,
    "1003": Code.UNAUTHORIZED,
    "1004": Code.UNAUTHORIZED,
    "1100": Code.ACCOUNT_SUSPENDED,
    "1101": Code.ACCOUNT_SUSPENDED,
    "1102": Code.QUOTA_EXHAUSTED,
    "1103": Code.PERMISSION_OR_CHANNEL,
    "1200": Code.INVALID_REQUEST,
    "1201": Code.INVALID_REQUEST,
    "1202": Code.INVALID_REQUEST,
    "1203": Code.INVALID_REQUEST,
    "1300": Code.CONTENT_POLICY,
    "1301": Code.CONTENT_POLICY,
    "1302": Code.RATE_LIMITED,
    "1303": Code.CONCURRENCY_LIMITED,
    "1304": Code.PERMISSION_OR_CHANNEL,
    "5000": Code.UPSTREAM_INTERNAL,
    "5001": Code.OVERLOADED,
    "5002": Code.UPSTREAM_INTERNAL,
}
_OPEN: Final = frozenset({"5000", "5001", "5002"})
"""Codes of faults that leave open whether a job was made."""
_UNKNOWN: Final = "1203"
"""The thing asked for does not exist: to a question that is the job."""
_WITHHELD: Final = re.compile(r"risk control|content security", re.IGNORECASE)
"""How jobs that failed for their content put it, in words of no other upstream."""
_FINE: Final = frozenset({"", "0", "200", "success", "succeed", "ok"})
_MODES: Final[Mapping[str, str]] = {"1080p": "pro", "4k": "4k"}


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    auth: Annotated[
        Literal["key"] | None, Meta(description="`key` when a plain API key has a colon in it.")
    ] = None


class Kling:
    """Speaks `/v1/videos/{kind}`."""

    name = "kling"
    settings = Settings
    recorded = Recorded(names=("kling_relay",), ops={"callback": "heard"}, ref="text2video/{id}")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        headers = _headers(channel, submission.submitted_at_ms)
        body = _body(submission, channel)
        if isinstance(body, Failure):
            return Refused(failure=body)
        if submission.request.verb is Verb.EXTEND:
            source = yield from _source(submission.parent_ref or "", headers, channel)
            if isinstance(source, Refused):
                return source
            body["video_id"] = source
        kind = _kind(submission)
        answer = _masked(
            (
                yield Call(
                    method="POST",
                    path=f"/v1/videos/{kind}",
                    headers=headers,
                    json=body,
                    timeout_s=SUBMIT_TIMEOUT_S,
                )
            ),
            channel,
        )
        return _submitted(answer, kind, submission)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        headers = yield from _signed(channel)
        answer = yield _question(ref, headers)
        return _observed(_masked(answer, channel))

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list of each kind."""
        headers = yield from _signed(channel)
        seen: dict[str, Observation] = {}
        for kind in dict.fromkeys(_parts(ref)[0] for ref in refs):
            by_id = {_parts(ref)[1]: ref for ref in refs if _parts(ref)[0] == kind}
            found = yield from poll_listed(list(by_id), channel, _listing(kind, headers), most_pages=4)
            seen |= {by_id[task_id]: _clean(each, channel) for task_id, each in found.items()}
        return seen

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look for the job by the name the submission gave it; its absence needs the list as a witness."""
        moment = yield Now()
        now_ms = moment.ms if isinstance(moment, Moment) else 0
        kind, headers = _kind(submission), _headers(channel, now_ms)
        answer = _masked((yield _question(f"{kind}/{submission.token}", headers)), channel)
        job = _job(answer)
        if job is not None and _is_named(job, submission.token) is not False:
            return _found(job, kind)
        if not _is_unknown(answer):
            return Unclear(reason="The upstream did not say whether it knows the submission's name.")
        settled = now_ms - submission.submitted_at_ms >= SETTLED_MS
        return (yield from _search(submission, kind, headers, settled=settled))

    def heard(self, reply: Reply) -> Observation:
        """Read a callback's body, which is a bare job; a hint only, for the upstream is always asked."""
        return _observation(reply.object() or {}) or nothing_learned(None)


DIALECT: Final = Kling()


def _parts(ref: str) -> tuple[str, str]:
    """Split a ref; an id given by a person without its kind is taken for a clip from text."""
    kind, slash, task_id = ref.partition("/")
    return (kind, task_id) if slash else ("text2video", ref)


# Keys.


def _keys(channel: Channel) -> tuple[str, str] | None:
    access, colon, secret = channel.secret.partition(":")
    if not colon or channel.settings.get("auth") == "key":
        return None
    return access.strip(), secret.strip()


def _headers(channel: Channel, now_ms: int) -> dict[str, str]:
    keys = _keys(channel)
    if keys is None:
        return {"Authorization": f"Bearer {channel.secret}"} if channel.secret else {}
    now_s = now_ms // 1_000
    token = jwt.hs256({"iss": keys[0], "exp": now_s + TOKEN_S, "nbf": now_s - SKEW_S}, keys[1])
    return {"Authorization": f"Bearer {token}"}


def _signed(channel: Channel) -> Generator[Effect, Answer, dict[str, str]]:
    if _keys(channel) is None:
        return _headers(channel, 0)
    moment = yield Now()
    return _headers(channel, moment.ms if isinstance(moment, Moment) else 0)


def _masked(answer: Answer, channel: Channel) -> Answer:
    """Take the keys out of an answer that echoes them; each half of a pair is a secret of its own."""
    match answer:
        case Reply(body=body):
            return msgspec.structs.replace(
                answer, body=_without_keys(body.decode("latin-1"), channel).encode("latin-1")
            )
        case NoReply(reason=reason):
            return msgspec.structs.replace(answer, reason=_without_keys(reason, channel))
        case _:
            return answer


def _without_keys(text: str, channel: Channel) -> str:
    for part in (channel.secret, *(_keys(channel) or ())):
        if len(part) >= 4:
            text = text.replace(part, "[key]")
    return text


def _clean(seen: Observation, channel: Channel) -> Observation:
    """Take the keys out of the trouble of a list."""
    if seen.trouble is None:
        return seen
    trouble = msgspec.structs.replace(
        seen.trouble, message=_without_keys(seen.trouble.message, channel), detail=None
    )
    return msgspec.structs.replace(seen, trouble=trouble)


# The paid call.


def _kind(submission: Submission) -> str:
    request = submission.request
    if request.verb is Verb.EXTEND:
        return "video-extend"
    if "omni" in submission.upstream_model or submission.upstream_model.endswith("-o1"):
        return "omni-video"
    if request.inputs_of(Role.REFERENCE):
        return "multi-image2video"
    return "image2video" if request.inputs else "text2video"


def _body(submission: Submission, channel: Channel) -> dict[str, Any] | Failure:
    request = submission.request
    refused = _objection(submission)
    if refused is not None:
        return refused
    given = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "external_task_id": submission.token,
        "callback_url": callback_url(channel),
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if request.verb is Verb.CREATE:
        fields |= _chosen(submission) | _pictures(request, _kind(submission))
    return with_extra(fields, request)


def _objection(submission: Submission) -> Failure | None:
    request = submission.request
    if request.verb is Verb.EXTEND:
        if submission.parent_ref is None:
            return refusal("video", "This channel extends only clips it made itself.")
        return unwanted_role(request)
    if request.verb is not Verb.CREATE:
        return refusal("model", f"This channel does not offer {request.verb.value}.")
    if request.inputs_of(Role.LAST_FRAME) and not request.inputs_of(Role.FIRST_FRAME):
        return refusal("input_reference", "A last frame needs a first one.")
    if _kind(submission) == "multi-image2video":
        return unwanted_role(request, Role.REFERENCE)
    return unwanted_role(request, Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE)


def _chosen(submission: Submission) -> dict[str, Any]:
    request = submission.request
    chosen: dict[str, Any] = {
        "model_name": submission.upstream_model,
        "mode": _MODES.get(class_of(request.size), "std"),
        # The wire wants text.
        "duration": str(request.seconds),
    }
    if _kind(submission) != "image2video":
        chosen["aspect_ratio"] = ratio_of(request.size)
    if request.audio is not None:
        chosen["sound"] = "on" if request.audio else "off"
    return chosen


def _pictures(request: Request, kind: str) -> dict[str, Any]:
    first, last = request.inputs_of(Role.FIRST_FRAME), request.inputs_of(Role.LAST_FRAME)
    references = request.inputs_of(Role.REFERENCE)
    match kind:
        case "image2video":
            pictures = {"image": first, "image_tail": last}
            return {name: _raw(given[0]) for name, given in pictures.items() if given}
        case "multi-image2video":
            return {"image_list": [{"image": _raw(given)} for given in references]}
        case "omni-video" if request.inputs:
            frames = [("first_frame", g) for g in first] + [("end_frame", g) for g in last]
            listed = [{"image_url": _raw(given), "type": name} for name, given in frames]
            return {"image_list": listed + [{"image_url": _raw(given)} for given in references]}
        case _:
            return {}


def _raw(given: Input) -> Embedded:
    """Write a picture as bare base64: with `data:` in front it is refused."""
    return Embedded(given.sha256, given.media_type, data_url=False)


def _source(
    parent_ref: str, headers: Mapping[str, str], channel: Channel
) -> Generator[Effect, Answer, str | Refused]:
    """Ask for the id of the clip to extend, which is not that of its job; nothing is paid for yet."""
    answer = _masked((yield _question(parent_ref, headers)), channel)
    for video in _videos(_job(answer) or {}):
        video_id = id_in(video.get("id"))
        if video_id is not None:
            return video_id
    seen = _observed(answer)
    if seen.phase is None and seen.trouble is not None and not seen.lost:
        return Refused(failure=seen.trouble)
    return Refused(failure=refusal("video", "The upstream no longer has the clip to extend."))


def _submitted(answer: Answer, kind: str, submission: Submission) -> SubmitOutcome:
    job = _job(answer)
    task_id = _id_of(job) if job is not None else None
    if task_id is not None:
        seen = _observed(answer)
        return Accepted(
            ref=f"{kind}/{task_id}",
            observation=seen if seen.phase is not None else None,
            upstream_id=task_id,
        )
    said = _said(answer)
    own = _CODES.get(said.code) if said is not None else None
    now_ms = submission.submitted_at_ms
    judged = isinstance(answer, Reply) and answer.status < 500 and answer.status != 404
    if said is not None and own is not None and isinstance(answer, Reply) and judged:
        if said.code in _OPEN:
            return Unclear(reason="The upstream broke while it took the job.")
        wait = retry_after_s(answer, now_ms=now_ms)
        return Refused(failure=failure_of(said, own, wait_s=wait))
    verdict = classify_submit(answer, now_ms=now_ms)
    return verdict or Unclear(reason="The upstream answered without an id.")


# Reading answers.


def _said(answer: Answer) -> Said | None:
    body = answer.object() if isinstance(answer, Reply) else None
    return error_in(body, 400) if body is not None else None


def _is_fine(body: Mapping[str, Any]) -> bool:
    code = body.get("code")
    return code is None or (isinstance(code, str | int) and fold(str(code)) in _FINE)


def _job(answer: Answer) -> Job | None:
    """Give the job of a good answer; None where `code` speaks of an error, whatever else is there."""
    body = good(answer)
    return as_object(body.get("data")) if body is not None and _is_fine(body) else None


def _id_of(job: Job) -> str | None:
    task_id = id_in(job.get("task_id")) or id_in(job.get("id"))
    return task_id if task_id is not None and "/" not in task_id else None


def _question(ref: str, headers: Mapping[str, str]) -> Call:
    kind, task_id = _parts(ref)
    path = f"/v1/videos/{path_segment(kind)}/{path_segment(task_id)}"
    return Call(method="GET", path=path, headers=headers, timeout_s=30.0)


def _observed(answer: Answer) -> Observation:
    job = _job(answer)
    seen = _observation(job) if job is not None else None
    if seen is not None:
        return seen
    said, trouble = _said(answer), trouble_of(answer)
    own = _CODES.get(said.code) if said is not None else None
    if trouble is None or own is None or said is None or trouble.code is Code.UPSTREAM_LOST:
        return nothing_learned(trouble)
    if said.code == _UNKNOWN:
        return nothing_learned(failure_of(said, Code.UPSTREAM_LOST))
    return nothing_learned(failure_of(said, own, wait_s=trouble.retry_after_s))


def _observation(job: Job) -> Observation | None:
    word = job.get("task_status") or job.get("status")
    if not isinstance(word, str) or not word.strip():
        return None
    phase = looked(word)
    failure = None
    if phase is Phase.FAILED:
        failure = _why(text_in(job.get("task_status_msg")) or text_in(job.get("fail_reason")), word)
    progress = percent(job.get("progress"))
    return conclude(Look(word=word, phase=phase, outputs=_outputs(job), failure=failure, progress=progress))


def _why(reason: str, word: str) -> Failure:
    said = Said(message=reason) if reason.strip() else None
    if said is not None and _WITHHELD.search(reason[:1_000]):
        return failure_of(said, Code.CONTENT_POLICY)
    return job_failure(said, word=word)


def _videos(job: Job) -> list[dict[str, Any]]:
    """Give the clips of a job; relays put the upstream's own answer, whole, into `data` of theirs."""
    for _ in range(3):
        videos = objects((as_object(job.get("task_result")) or {}).get("videos"))
        inner = as_object(job.get("data"))
        if videos or inner is None:
            return videos
        job = inner
    return []


def _outputs(job: Job) -> tuple[Output, ...]:
    ended = timestamp_ms(job.get("updated_at"))
    expires = None if ended is None else ended + KEPT_MS
    places: list[object] = [video.get("url") for video in _videos(job)]
    for value in (*places, job.get("url"), job.get("video_url")):
        for url in addresses(value):
            return (Output(url=url, expires_at_ms=expires),)
    return ()


# Lists.


def _listing(kind: str, headers: Mapping[str, str]) -> Listing:
    return Listing(
        first=_page_call(kind, 1, headers),
        page=lambda body, call: _page(body, call, kind, headers),
        ref=_id_of,
        observe=lambda job: _observation(job) or Observation(phase=None),
    )


def _page_call(kind: str, number: int, headers: Mapping[str, str]) -> Call:
    return Call(
        method="GET",
        path=f"/v1/videos/{path_segment(kind)}",
        headers=headers,
        query=(("pageNum", str(number)), ("pageSize", str(PAGE))),
        timeout_s=30.0,
    )


def _page(body: dict[str, Any], call: Call, kind: str, headers: Mapping[str, str]) -> Page | None:
    if not isinstance(body.get("data"), list) or not _is_fine(body):
        return None
    items = objects(body.get("data"))
    number = int(dict(call.query)["pageNum"])
    return Page(items, _page_call(kind, number + 1, headers) if len(items) >= PAGE else None)


# Finding.


def _is_named(job: Job, token: str) -> bool | None:
    """Tell whether a job carries the submission's name; None when it does not say its name."""
    name = (as_object(job.get("task_info")) or {}).get("external_task_id")
    return name == token if isinstance(name, str) and name else None


def _is_unknown(answer: Answer) -> bool:
    seen = _observed(answer)
    return seen.lost


def _found(job: Job, kind: str) -> FindOutcome:
    task_id = _id_of(job)
    if task_id is None:
        return Unclear(reason="The upstream knows the submission and does not say its id.")
    seen = _observation(job)
    return Found(
        ref=f"{kind}/{task_id}",
        observation=seen if seen is not None and seen.phase is not None else None,
    )


def _search(
    submission: Submission, kind: str, headers: Mapping[str, str], *, settled: bool
) -> Generator[Effect, Answer, FindOutcome]:
    """Look through the list, newest first, back to the time of the submission."""
    call: Call | None = _page_call(kind, 1, headers)
    for _ in range(MOST_PAGES):
        body = good((yield call))
        page = _page(body, call, kind, headers) if body is not None else None
        if page is None:
            return Unclear(reason="The upstream's list could not be read.")
        recent = [item for item in page.items if not _is_older(item, submission)]
        for item in recent:
            if _is_named(item, submission.token):
                return _found(item, kind)
        if any(_is_named(item, submission.token) is None for item in recent):
            return Unclear(reason="The upstream's list does not say how its jobs are named.")
        call = page.after
        if call is None or len(recent) < len(page.items):
            return NotFound(certain=settled, reason="The upstream knows no job of this name.")
    return Unclear(reason="The upstream's list is too long to look through.")


def _is_older(job: Job, submission: Submission) -> bool:
    born = timestamp_ms(job.get("created_at"))
    return born is not None and born < submission.submitted_at_ms - CLOCK_SKEW_MS
