"""The flows of upstreams that answer in the shape of the OpenAI Videos API: jobs, lists and what they prove.

A dialect describes how its upstream differs in a `Wire` and hands its flows over to these functions.
Nothing but a status word ends a job, except an error beside a success word.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
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
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.money import Micro
from reelgate.core.openai_call import bearer, content, media_type_of
from reelgate.core.task import Verb
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
    phase_of,
    raw_word,
    timestamp_ms,
    trouble_of,
)

PAGE: Final = 100
MOST_PAGES: Final = 200
CLOCK_SKEW_MS: Final = 120_000
LATEST_BIRTH_MS: Final = 900_000
"""How long after the call was made its job may appear."""

_NO_LIST: Final = frozenset({400, 404, 405, 422, 501})

Job = Mapping[str, Any]


def by_content(job: Job, ref: str, channel: Channel) -> tuple[Output, ...]:
    """Fetch the clip from `/videos/{ref}/content` with the channel's key."""
    return (
        Output(
            call=content(ref, bearer(channel)),
            media_type=media_type_of(job),
            expires_at_ms=timestamp_ms(job.get("expires_at")),
        ),
    )


def reported(job: Job) -> int | None:
    """Read `progress` in percent."""
    return percent(job.get("progress"))


def whole(body: dict[str, Any]) -> dict[str, Any]:
    """Take the answer itself for the job."""
    return body


def enveloped(body: dict[str, Any]) -> dict[str, Any]:
    """Take the job out of `{code, message, data}` where it is in there."""
    inner = as_object(body.get("data"))
    named = inner is not None and (ref_of(inner) is not None or isinstance(inner.get("status"), str))
    return inner if inner is not None and named and ref_of(body) is None else body


def unpriced(_job: Job) -> Micro | None:
    """Stand for upstreams that do not say what a job cost."""
    return None


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """How one upstream differs from the shape."""

    headers: Callable[[Channel], dict[str, str]] = bearer
    path: str = "/videos"
    """Where jobs are asked about."""
    job: Callable[[dict[str, Any]], dict[str, Any]] = whole
    """Finds the job in an answer."""
    outputs: Callable[[Job, str, Channel], tuple[Output, ...]] = by_content
    progress: Callable[[Job], int | None] = reported
    words: Mapping[str, Phase] = {}
    """Status words that mean something of their own here, folded."""
    cost: Callable[[Job], Micro | None] = unpriced
    codes: Mapping[str, Code] = {}
    """Error codes that say exactly what happened, folded."""
    vague: Mapping[str, Code] = {}
    """Error codes that say little, folded; used where the words beside them tell nothing."""


# The flows.


def submit(
    call: Call | Failure, submission: Submission, channel: Channel, wire: Wire
) -> Generator[Effect, Answer, SubmitOutcome]:
    """Send the paid call once and say what is certain about it."""
    if isinstance(call, Failure):
        return Refused(failure=call)
    answer = yield call
    taken = accepted(answer, channel, wire)
    if taken is not None:
        return taken
    verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
    return verdict or Unclear(reason="The upstream answered without an id.")


def poll(ref: str, channel: Channel, wire: Wire) -> Generator[Effect, Answer, Observation]:
    """Ask how one job is doing."""
    answer = yield get(f"{wire.path}/{path_segment(ref)}", channel, wire)
    return observed(answer, ref, channel, wire)


def poll_many(
    refs: Sequence[str], channel: Channel, wire: Wire
) -> Generator[Effect, Answer, Mapping[str, Observation]]:
    """Ask about many jobs through the list; empty when the upstream has no usable list.

    A channel in trouble (key, limits, outage) is reported for every ref, so that nobody asks for
    each of them singly.
    """
    wanted = set(refs)
    seen: dict[str, Observation] = {}
    after: str | None = None
    for _ in range(min(MOST_PAGES, 4 + 2 * len(wanted) // PAGE)):
        answer = yield _list_call(after, channel, wire)
        page = _page(answer, after)
        if page is None:
            return seen or _trouble_for_all(answer, refs, channel)
        for item in page.items:
            ref = ref_of(item)
            if ref in wanted and ref not in seen:
                seen[ref] = observation(item, ref, channel, wire)
        after = page.after
        if after is None or len(seen) == len(wanted):
            break
    return seen


def find(
    submission: Submission, channel: Channel, taken: frozenset[str], wire: Wire, *, complete: bool = False
) -> Generator[Effect, Answer, FindOutcome]:
    """Look through the list for the one job that can be this submission.

    `complete` says that the list shows every job of the key at once, which makes "not found" certain.
    """
    exact: dict[str, dict[str, Any]] = {}
    possible: set[str] = set()
    after: str | None = None
    for _ in range(MOST_PAGES):
        page = _page((yield _list_call(after, channel, wire)), after)
        if page is None:
            return Unclear(reason="The upstream's list could not be read.")
        _sort_out([item for item in page.items if ref_of(item) not in taken], submission, exact, possible)
        after = page.after
        if after is None or _reaches_before(page.items, submission):
            return _verdict(exact, possible, channel, wire, complete=complete)
    return Unclear(reason="The upstream's list is too long to look through.")


def delete(ref: str, channel: Channel, wire: Wire) -> Generator[Effect, Answer, CancelOutcome]:
    """Delete the job, for upstreams where that stops it."""
    answer = yield Call(
        method="DELETE",
        path=f"{wire.path}/{path_segment(ref)}",
        headers=wire.headers(channel),
        timeout_s=30.0,
    )
    trouble = trouble_of(answer, secret=channel.secret)
    if trouble is not None:
        return CancelOutcome(ended=False, reason=trouble.message)
    body = (answer.object() if isinstance(answer, Reply) else None) or {}
    if body.get("deleted") is True or phase_of(body.get("status")) is Phase.CANCELLED:
        return CancelOutcome(ended=True)
    return CancelOutcome(ended=False, reason="The upstream did not confirm that the job stopped.")


def discover(
    channel: Channel, wire: Wire, *, path: str = "/models"
) -> Generator[Effect, Answer, list[CatalogueModel]]:
    """List the models the upstream says it has, by name and title."""
    answer = yield get(path, channel, wire)
    models: list[CatalogueModel] = []
    for item in listed(answer):
        name, title = item.get("id"), item.get("name")
        if isinstance(name, str) and name:
            models.append(CatalogueModel(name=name, title=title if isinstance(title, str) else None))
    return models


def get(path: str, channel: Channel, wire: Wire, query: Sequence[tuple[str, str]] = ()) -> Call:
    """Compose a question to the channel."""
    return Call(method="GET", path=path, headers=wire.headers(channel), query=query, timeout_s=30.0)


# Reading jobs.


def ref_of(job: Job) -> str | None:
    """Give the id of a job; None for anything that could not stand in a path and a database."""
    for name in ("id", "task_id"):
        value = job.get(name)
        if isinstance(value, str) and value.strip() and len(value) <= 512 and value.isprintable():
            return value
    return None


def accepted(answer: Answer, channel: Channel, wire: Wire) -> Accepted | None:
    """Read a job out of a submit answer; also out of an error answer, where some put a job that failed at once."""
    body = answer.object() if isinstance(answer, Reply) else None
    if body is None or not isinstance(answer, Reply):
        return None
    job = wire.job(body)
    ref = ref_of(job)
    if ref is None:
        return None
    fine = answer.status < 300 and error_in({"error": job.get("error")}) is None
    if fine or _is_job(job, wire):
        seen = observation(job, ref, channel, wire)
        return Accepted(ref=ref, observation=seen if seen.phase is not None else None)
    return None


def observed(answer: Answer, ref: str, channel: Channel, wire: Wire) -> Observation:
    """Read the answer to a poll."""
    body = answer.object() if isinstance(answer, Reply) else None
    job = wire.job(body) if body is not None else None
    # Some answer for a failed job with an HTTP error that carries the job itself.
    if job is not None and _is_job(job, wire) and _phase(job, wire) is Phase.FAILED:
        return observation(job, ref, channel, wire)
    if job is not None and isinstance(answer, Reply) and answer.status < 300 and _speaks_of_a_job(job):
        return observation(job, ref, channel, wire)
    return nothing_learned(trouble_of(answer, secret=channel.secret))


def _phase(job: Job, wire: Wire) -> Phase | None:
    word = job.get("status")
    own = wire.words.get(fold(word)) if isinstance(word, str) else None
    return own or phase_of(word)


def _is_job(job: Job, wire: Wire) -> bool:
    """Tell a job from an error body that has an id of its own."""
    return job.get("object") == "video" and _phase(job, wire) is not None


_ENVELOPE_WORDS: Final = frozenset({"error", "fail", "failure", "success", "ok", "done"})
"""Words that many servers also use for the answer itself; they speak of a job only beside its id."""


def _speaks_of_a_job(job: Job) -> bool:
    word = job.get("status")
    if not isinstance(word, str):
        return False
    return fold(word) not in _ENVELOPE_WORDS or ref_of(job) is not None or job.get("object") == "video"


def observation(job: Job, ref: str, channel: Channel, wire: Wire) -> Observation:
    """Read one job."""
    phase, word, cost = _phase(job, wire), raw_word(job.get("status")), wire.cost(job)
    said = error_in({"error": job.get("error")})
    if phase is Phase.FAILED:
        failure = _failure(said or _spoken(job), job.get("status"), channel, wire)
        return Observation(phase=phase, error=failure, word=word, cost=cost)
    progress = wire.progress(job)
    if phase is Phase.COMPLETED and said is not None:
        # Seen from relays: a withheld clip is "completed" with an error and no video.
        failure = _failure(said, None, channel, wire)
        return Observation(phase=Phase.FAILED, progress=progress, error=failure, word=word, cost=cost)
    if phase is not Phase.COMPLETED:
        return Observation(phase=phase, progress=progress, word=word, cost=cost)
    outputs = wire.outputs(job, ref, channel)
    # Without an output the word alone goes on: whoever asks decides how often to ask again.
    return Observation(phase=phase, progress=100 if outputs else None, outputs=outputs, word=word, cost=cost)


def _failure(said: Said | None, word: object, channel: Channel, wire: Wire) -> Failure:
    known = job_failure(said, word=word, secret=channel.secret)
    if said is None:
        return known
    own = wire.codes.get(fold(said.code))
    if own is None and known.code is Code.UPSTREAM_FAILED:
        own = wire.vague.get(fold(said.code))
    return known if own is None else failure_of(said, own, secret=channel.secret)


def _spoken(job: Job) -> Said | None:
    for name in ("fail_reason", "failure_reason", "message"):
        if isinstance(text := job.get(name), str) and text.strip():
            return error_in({"error": text})
    return None


# Reading lists.


class _Page(msgspec.Struct, frozen=True):
    items: list[dict[str, Any]]
    after: str | None
    """Where the next page starts; None on the last one."""


def elements(value: object) -> list[Any]:
    """Give the elements of a list; none for anything that is no list."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def objects(value: object) -> list[dict[str, Any]]:
    """Give the objects in a list; none for anything that is no list."""
    return [found for each in elements(value) if (found := as_object(each)) is not None]


def listed(answer: Answer) -> list[dict[str, Any]]:
    """Give the objects under `data` of a good answer."""
    body = answer.object() if isinstance(answer, Reply) and answer.status == 200 else None
    return objects(body.get("data") if body else None)


def _list_call(after: str | None, channel: Channel, wire: Wire) -> Call:
    query = [("limit", str(PAGE)), ("order", "desc")]
    return get(wire.path, channel, wire, query if after is None else [*query, ("after", after)])


def _page(answer: Answer, after: str | None) -> _Page | None:
    body = answer.object() if isinstance(answer, Reply) and answer.status == 200 else None
    if body is None or not isinstance(body.get("data"), list):
        return None
    items = objects(body.get("data"))
    more = body.get("has_more")
    goes_on = bool(items) and (more is True or (more is None and len(items) >= PAGE))
    last = ref_of(items[-1]) if items else None
    # A server that ignores `after` gives the same page for ever.
    return _Page(items, last if goes_on and last != after else None)


def _trouble_for_all(answer: Answer, refs: Sequence[str], channel: Channel) -> dict[str, Observation]:
    trouble = trouble_of(answer, secret=channel.secret)
    no_list = isinstance(answer, Reply) and answer.status in _NO_LIST
    if trouble is None or no_list or trouble.code in {Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST}:
        return {}
    return {ref: nothing_learned(trouble) for ref in refs}


# Finding a job.


def _sort_out(
    items: Sequence[dict[str, Any]],
    submission: Submission,
    exact: dict[str, dict[str, Any]],
    possible: set[str],
) -> None:
    """File each job that was born in the right window under how surely it is the submission's."""
    wanted = _wanted(submission)
    for item in items:
        ref = ref_of(item)
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


def _born_then(item: Job, submission: Submission) -> bool:
    born = timestamp_ms(item.get("created_at"))
    start = submission.submitted_at_ms
    return born is None or start - CLOCK_SKEW_MS <= born <= start + LATEST_BIRTH_MS


def _reaches_before(items: Sequence[Job], submission: Submission) -> bool:
    births = [b for item in items if (b := timestamp_ms(item.get("created_at"))) is not None]
    return bool(births) and min(births) < submission.submitted_at_ms - CLOCK_SKEW_MS


def _verdict(
    exact: Mapping[str, dict[str, Any]], possible: set[str], channel: Channel, wire: Wire, *, complete: bool
) -> FindOutcome:
    if len(exact) == 1 and not possible:
        ((ref, item),) = exact.items()
        seen = observation(item, ref, channel, wire)
        return Found(ref=ref, observation=seen if seen.phase is not None else None)
    if exact or possible:
        count = len(exact) + len(possible)
        return Unclear(reason=f"{count} jobs in the upstream's list could be this one.")
    return NotFound(certain=complete, reason="The upstream's list has no such job.")
