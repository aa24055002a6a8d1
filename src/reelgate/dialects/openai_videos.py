"""The OpenAI Videos shape: `/videos` as OpenAI spoke it and as relays and local servers still do.

The base address is used as given, so it normally ends in `/v1`. Channel settings:

    auth           "bearer" (default) or "api-key", the header that carries the key
    encoding       "auto" (default: a form when there is a file, else JSON), "multipart" or "json"
    content        "call" (default: `/videos/{ref}/content` with the key) or "url" (an address in the answer)
    cancel         "delete" when deleting a job really stops it; most upstreams only forget the record
    list_complete  true when the list shows every job of the key at once; makes "not found" certain

Facts from openai-python @e43b422 and from what vLLM-Omni, SGLang, new-api and relays send; not known:
whether any upstream honours `Idempotency-Key`, so it is sent and never relied upon.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    CatalogueModel,
    Channel,
    Effect,
    Embedded,
    File,
    FindOutcome,
    Found,
    NotFound,
    Observation,
    Output,
    Phase,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Text,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import (
    Said,
    as_object,
    classify_submit,
    error_in,
    fold,
    job_failure,
    nothing_learned,
    path_segment,
    percent,
    phase_of,
    raw_word,
    timestamp_ms,
    trouble_of,
)

PAGE: Final = 100
MOST_PAGES: Final = 200
SUBMIT_TIMEOUT_S: Final = 300.0
CONTENT_TIMEOUT_S: Final = 600.0
CLOCK_SKEW_MS: Final = 120_000
LATEST_BIRTH_MS: Final = 900_000
"""How long after the call was made its job may appear."""

_NO_LIST: Final = frozenset({400, 404, 405, 422, 501})


class OpenAIVideos:
    """Speaks `/videos`."""

    name = "openai_videos"

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        call = _paid_call(submission, channel)
        if isinstance(call, Failure):
            return Refused(failure=call)
        answer = yield call
        taken = _accepted(answer, channel)
        if taken is not None:
            return taken
        verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
        return verdict or Unclear(reason="The upstream answered without an id.")

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield _get(f"/videos/{path_segment(ref)}", channel)
        return _observed(answer, ref, channel)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list; empty when the upstream has no usable list.

        A channel in trouble (key, limits, outage) is reported for every ref, so that nobody asks
        for each of them singly.
        """
        wanted = set(refs)
        seen: dict[str, Observation] = {}
        after: str | None = None
        for _ in range(min(MOST_PAGES, 4 + 2 * len(wanted) // PAGE)):
            answer = yield _list_call(after, channel)
            page = _page(answer, after)
            if page is None:
                return seen or _trouble_for_all(answer, refs, channel)
            for item in page.items:
                ref = _ref_of(item)
                if ref in wanted and ref not in seen:
                    seen[ref] = _observation(item, ref, channel)
            after = page.after
            if after is None or len(seen) == len(wanted):
                break
        return seen

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look through the list for the one job that can be this submission."""
        exact: dict[str, dict[str, Any]] = {}
        possible: set[str] = set()
        after: str | None = None
        for _ in range(MOST_PAGES):
            page = _page((yield _list_call(after, channel)), after)
            if page is None:
                return Unclear(reason="The upstream's list could not be read.")
            _sort_out(
                [item for item in page.items if _ref_of(item) not in taken], submission, exact, possible
            )
            after = page.after
            if after is None or _reaches_before(page.items, submission):
                return _verdict(exact, possible, channel)
        return Unclear(reason="The upstream's list is too long to look through.")

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Delete the job where the channel says that deleting stops it."""
        if channel.settings.get("cancel") != "delete":
            return CancelOutcome(ended=False, reason="This upstream does not offer to stop a job.")
        answer = yield Call(
            method="DELETE", path=f"/videos/{path_segment(ref)}", headers=_headers(channel), timeout_s=30.0
        )
        trouble = trouble_of(answer, secret=channel.secret)
        if trouble is not None:
            return CancelOutcome(ended=False, reason=trouble.message)
        body = (answer.object() if isinstance(answer, Reply) else None) or {}
        if body.get("deleted") is True or phase_of(body.get("status")) is Phase.CANCELLED:
            return CancelOutcome(ended=True)
        return CancelOutcome(ended=False, reason="The upstream did not confirm that the job stopped.")

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the upstream says it has."""
        answer = yield _get("/models", channel)
        body = answer.object() if isinstance(answer, Reply) and answer.status == 200 else None
        models: list[CatalogueModel] = []
        for item in _objects(body.get("data") if body else None):
            name, title = item.get("id"), item.get("name")
            if isinstance(name, str) and name:
                models.append(CatalogueModel(name=name, title=title if isinstance(title, str) else None))
        return models


DIALECT: Final = OpenAIVideos()


# The paid call.


def _headers(channel: Channel) -> dict[str, str]:
    if not channel.secret:
        return {}
    if channel.settings.get("auth") == "api-key":
        return {"api-key": channel.secret}
    return {"Authorization": f"Bearer {channel.secret}"}


def _get(path: str, channel: Channel, query: Sequence[tuple[str, str]] = ()) -> Call:
    return Call(method="GET", path=path, headers=_headers(channel), query=query, timeout_s=30.0)


def _refusal(param: str, message: str) -> Failure:
    return Failure(code=Code.INVALID_REQUEST, message=message, param=param)


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    path = _path(submission)
    if isinstance(path, Failure):
        return path
    attached = _attached(submission)
    if isinstance(attached, Failure):
        return attached
    encoding = channel.settings.get("encoding", "auto")
    fields = _fields(submission)
    # A field of ours is never overruled by a vendor option of the same name.
    for name, value in submission.request.extra.items():
        fields.setdefault(name, value)
    headers = {**_headers(channel), "Idempotency-Key": submission.token}
    if encoding == "json" or (encoding == "auto" and attached is None):
        return _json_call(path, headers, fields, attached)
    form: list[Text | File] = [part for name, value in fields.items() for part in _parts(name, value)]
    if attached is not None:
        form.append(File(attached[0], attached[1].sha256, _filename(attached[1]), attached[1].media_type))
    return Call(method="POST", path=path, headers=headers, form=form, timeout_s=SUBMIT_TIMEOUT_S)


def _json_call(
    path: str, headers: Mapping[str, str], fields: dict[str, Any], attached: tuple[str, Input] | None
) -> Call | Failure:
    if attached is not None:
        name, given = attached
        if name == "video":
            return _refusal("video", "This channel takes a clip of its own only, not an uploaded one.")
        fields[name] = {"image_url": Embedded(given.sha256, given.media_type)}
    return Call(method="POST", path=path, headers=headers, json=fields, timeout_s=SUBMIT_TIMEOUT_S)


def _path(submission: Submission) -> str | Failure:
    request, parent = submission.request, submission.parent_ref
    match request.verb:
        case Verb.CREATE:
            return "/videos"
        case Verb.REMIX if parent is not None:
            return f"/videos/{path_segment(parent)}/remix"
        case Verb.REMIX:
            return _refusal("video_id", "This channel remixes only clips it made itself.")
        case Verb.EDIT:
            path = "/videos/edits"
        case Verb.EXTEND:
            path = "/videos/extensions"
    if parent is None and not request.inputs_of(Role.SOURCE_VIDEO):
        return _refusal("video", "The source clip is neither on this channel nor attached.")
    return path


def _attached(submission: Submission) -> tuple[str, Input] | Failure | None:
    """Pick the one file the call carries, with its field; the shape has room for one."""
    request = submission.request
    if request.verb in {Verb.EDIT, Verb.EXTEND} and submission.parent_ref is None:
        return "video", request.inputs_of(Role.SOURCE_VIDEO)[0]
    if request.verb is not Verb.CREATE:
        return None
    for given in request.inputs:
        if given.role not in {Role.FIRST_FRAME, Role.REFERENCE} or given.character_id is not None:
            return _refusal("input_reference", f"This channel takes no input of role {given.role.value}.")
    if len(request.inputs) > 1:
        return _refusal("input_reference", "This channel takes one reference file.")
    return ("input_reference", request.inputs[0]) if request.inputs else None


def _fields(submission: Submission) -> dict[str, Any]:
    request = submission.request
    fields: dict[str, Any] = {"prompt": request.prompt}
    match request.verb:
        case Verb.CREATE:
            fields |= {
                "model": submission.upstream_model,
                "seconds": str(request.seconds),
                "size": str(request.size),
            }
        case Verb.EXTEND:
            fields["seconds"] = str(request.seconds)
        case Verb.REMIX | Verb.EDIT:
            pass
    if request.verb in {Verb.EDIT, Verb.EXTEND}:
        # With an uploaded clip nothing else tells the upstream which model is meant.
        own = submission.parent_ref
        fields |= {"model": submission.upstream_model} if own is None else {"video": {"id": own}}
    return fields | _options(request)


def _options(request: Request) -> dict[str, Any]:
    given = {
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "watermark": request.watermark,
        "private": request.private,
    }
    return {name: value for name, value in given.items() if value is not None}


def _parts(name: str, value: object) -> Iterator[Text]:
    """Write a value as form parts with the bracket names the OpenAI SDKs use."""
    if value is None:
        return
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _parts(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for inner in cast("Sequence[object]", value):
            yield from _parts(f"{name}[]", inner)
    elif isinstance(value, bool):
        yield Text(name, "true" if value else "false")
    else:
        yield Text(name, str(value))


_ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
}


def _filename(given: Input) -> str:
    return f"{given.role.value}.{_ENDINGS.get(given.media_type, 'bin')}"


# Reading jobs.


def _ref_of(item: Mapping[str, Any]) -> str | None:
    for name in ("id", "task_id"):
        value = item.get(name)
        if isinstance(value, str) and value.strip() and len(value) <= 512 and value.isprintable():
            return value
    return None


def _accepted(answer: Answer, channel: Channel) -> Accepted | None:
    """Read a job out of a submit answer; also out of an error answer, where some put a job that failed at once."""
    body = answer.object() if isinstance(answer, Reply) else None
    ref = _ref_of(body) if body is not None else None
    if body is None or ref is None or not isinstance(answer, Reply):
        return None
    fine = answer.status < 300 and error_in({"error": body.get("error")}) is None
    if fine or _is_job(body):
        observation = _observation(body, ref, channel)
        return Accepted(ref=ref, observation=observation if observation.phase is not None else None)
    return None


def _is_job(body: Mapping[str, Any]) -> bool:
    """Tell a job from an error body that has an id of its own."""
    return body.get("object") == "video" and phase_of(body.get("status")) is not None


def _observed(answer: Answer, ref: str, channel: Channel) -> Observation:
    body = answer.object() if isinstance(answer, Reply) else None
    # vLLM-Omni answers for a failed job with an HTTP error that carries the job itself.
    if body is not None and _is_job(body) and phase_of(body.get("status")) is Phase.FAILED:
        return _observation(body, ref, channel)
    if body is not None and isinstance(answer, Reply) and answer.status < 300 and _speaks_of_a_job(body):
        return _observation(body, ref, channel)
    return nothing_learned(trouble_of(answer, secret=channel.secret))


_ENVELOPE_WORDS: Final = frozenset({"error", "fail", "failure", "success", "ok", "done"})
"""Words that many servers also use for the answer itself; they speak of a job only beside its id."""


def _speaks_of_a_job(body: Mapping[str, Any]) -> bool:
    word = body.get("status")
    if not isinstance(word, str):
        return False
    return fold(word) not in _ENVELOPE_WORDS or _ref_of(body) is not None or body.get("object") == "video"


def _observation(item: Mapping[str, Any], ref: str, channel: Channel) -> Observation:
    """Read one job. Nothing but the status word ends a job, except an error beside a success word."""
    word = item.get("status")
    phase = phase_of(word)
    said = error_in({"error": item.get("error")})
    progress = percent(item.get("progress"))
    match phase:
        case Phase.COMPLETED if said is None:
            return _completed(item, ref, channel)
        case Phase.COMPLETED:
            # Seen from relays: a withheld clip is "completed" with an error and no video.
            failure = job_failure(said, secret=channel.secret)
            return Observation(phase=Phase.FAILED, progress=progress, error=failure, word=raw_word(word))
        case Phase.FAILED:
            reason = said or _spoken(item)
            failure = job_failure(reason, word=word, secret=channel.secret)
            return Observation(phase=phase, error=failure, word=raw_word(word))
        case _:
            return Observation(phase=phase, progress=progress, word=raw_word(word))


def _spoken(item: Mapping[str, Any]) -> Said | None:
    for name in ("fail_reason", "failure_reason", "message"):
        if isinstance(text := item.get(name), str) and text.strip():
            return error_in({"error": text})
    return None


def _completed(item: Mapping[str, Any], ref: str, channel: Channel) -> Observation:
    output = _output(item, ref, channel)
    # Without an output the word alone goes on: whoever asks decides how often to ask again.
    return Observation(
        phase=Phase.COMPLETED,
        progress=None if output is None else 100,
        outputs=() if output is None else (output,),
        word=raw_word(item.get("status")),
    )


def _output(item: Mapping[str, Any], ref: str, channel: Channel) -> Output | None:
    kind = item.get("media_type")
    media_type = kind if isinstance(kind, str) and kind.startswith("video/") else "video/mp4"
    expires = timestamp_ms(item.get("expires_at"))
    if channel.settings.get("content") == "url":
        url = _url(item)
        return Output(url=url, media_type=media_type, expires_at_ms=expires) if url else None
    content = Call(
        method="GET",
        path=f"/videos/{path_segment(ref)}/content",
        headers=_headers(channel),
        timeout_s=CONTENT_TIMEOUT_S,
    )
    return Output(call=content, media_type=media_type, expires_at_ms=expires)


def _url(item: Mapping[str, Any]) -> str | None:
    metadata = as_object(item.get("metadata")) or {}
    for value in (metadata.get("url"), item.get("url"), item.get("video_url")):
        if isinstance(value, str) and value.strip().lower().startswith(("http://", "https://")):
            return value.strip()
    return None


# Reading lists.


class _Page(msgspec.Struct, frozen=True):
    items: list[dict[str, Any]]
    after: str | None
    """Where the next page starts; None on the last one."""


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [o for each in cast("list[object]", value) if (o := as_object(each)) is not None]


def _list_call(after: str | None, channel: Channel) -> Call:
    query = [("limit", str(PAGE)), ("order", "desc")]
    return _get("/videos", channel, query if after is None else [*query, ("after", after)])


def _page(answer: Answer, after: str | None) -> _Page | None:
    body = answer.object() if isinstance(answer, Reply) and answer.status == 200 else None
    if body is None or not isinstance(body.get("data"), list):
        return None
    items = _objects(body.get("data"))
    more = body.get("has_more")
    goes_on = bool(items) and (more is True or (more is None and len(items) >= PAGE))
    last = _ref_of(items[-1]) if items else None
    # A server that ignores `after` gives the same page for ever.
    return _Page(items, last if goes_on and last != after else None)


def _trouble_for_all(answer: Answer, refs: Sequence[str], channel: Channel) -> dict[str, Observation]:
    trouble = trouble_of(answer, secret=channel.secret)
    no_list = isinstance(answer, Reply) and answer.status in _NO_LIST
    if trouble is None or no_list or trouble.code in {Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST}:
        return {}
    return {ref: nothing_learned(trouble) for ref in refs}


def _sort_out(
    items: Sequence[dict[str, Any]],
    submission: Submission,
    exact: dict[str, dict[str, Any]],
    possible: set[str],
) -> None:
    """File each job that was born in the right window under how surely it is the submission's."""
    wanted = _wanted(submission)
    for item in items:
        ref = _ref_of(item)
        if ref is None or not _born_then(item, submission):
            continue
        # The model is often answered under another name, and some lists leave fields out.
        given = {name: str(item[name]) for name in wanted if item.get(name) is not None}
        if given == wanted and item.get("created_at") is not None:
            exact[ref] = item
        elif all(wanted[name] == value for name, value in given.items() if name != "model"):
            possible.add(ref)


def _wanted(submission: Submission) -> dict[str, str]:
    request = submission.request
    wanted = {"model": submission.upstream_model, "prompt": request.prompt}
    if request.verb is Verb.CREATE:
        wanted |= {"seconds": str(request.seconds), "size": str(request.size)}
    if request.verb is Verb.REMIX and submission.parent_ref is not None:
        wanted["remixed_from_video_id"] = submission.parent_ref
    return wanted


def _born_then(item: Mapping[str, Any], submission: Submission) -> bool:
    born = timestamp_ms(item.get("created_at"))
    start = submission.submitted_at_ms
    return born is None or start - CLOCK_SKEW_MS <= born <= start + LATEST_BIRTH_MS


def _reaches_before(items: Sequence[Mapping[str, Any]], submission: Submission) -> bool:
    births = [b for item in items if (b := timestamp_ms(item.get("created_at"))) is not None]
    return bool(births) and min(births) < submission.submitted_at_ms - CLOCK_SKEW_MS


def _verdict(exact: Mapping[str, dict[str, Any]], possible: set[str], channel: Channel) -> FindOutcome:
    if len(exact) == 1 and not possible:
        ((ref, item),) = exact.items()
        observation = _observation(item, ref, channel)
        return Found(ref=ref, observation=observation if observation.phase is not None else None)
    if exact or possible:
        count = len(exact) + len(possible)
        return Unclear(reason=f"{count} jobs in the upstream's list could be this one.")
    certain = channel.settings.get("list_complete") is True
    return NotFound(certain=certain, reason="The upstream's list has no such job.")
