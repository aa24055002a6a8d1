"""Pieces of the flows of upstreams whose jobs have a shape of their own: one paid call, one question, sometimes a list.

A dialect says where its upstream keeps the id, the word and the clip; what follows from them is the
same everywhere and stands here once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import (
    Answer,
    Call,
    CancelOutcome,
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
from reelgate.core.openai_call import bearer, data_url, refusal, web_address
from reelgate.core.task import Request, Role, Size
from reelgate.core.words import (
    Said,
    classify_submit,
    error_in,
    failure_of,
    fold,
    job_failure,
    nothing_learned,
    phase_of,
    raw_word,
    trouble_of,
)

CLOCK_SKEW_MS: Final = 120_000
LATEST_BIRTH_MS: Final = 900_000
"""How long after the call was made its job may appear."""
MOST_PAGES: Final = 200
_NO_LIST: Final = frozenset({400, 404, 405, 422, 501})

Job = Mapping[str, Any]


# One answer.


def good(answer: Answer) -> dict[str, Any] | None:
    """Give the JSON object of a 2xx answer; None for anything else."""
    return answer.object() if isinstance(answer, Reply) and 200 <= answer.status < 300 else None


def id_in(value: object) -> str | None:
    """Read an upstream's id, text or number; None for anything that could not stand in a path and a database."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**30:
        return str(value)
    if isinstance(value, str) and value.strip() and len(value) <= 512 and value.isprintable():
        return value
    return None


def text_in(value: object) -> str:
    """Read a text; empty for anything else."""
    return value if isinstance(value, str) else ""


def addresses(value: object) -> list[str]:
    """Give the web addresses in a text or a list of texts and of objects with a `url`, in order."""
    if isinstance(value, dict):
        value = cast("dict[str, object]", value).get("url")
    if isinstance(value, list):
        return [url for each in cast("list[object]", value)[:64] for url in addresses(each)[:1]]
    url = web_address(value)
    return [url] if url is not None else []


def outputs_in(value: object) -> tuple[Output, ...]:
    """Give an output for each web address in `value`, which may be a text, an object or a list."""
    return tuple(Output(url=url) for url in addresses(value))


def own_failure(said: Said | None, table: Mapping[str, Code], secret: str) -> Failure | None:
    """Translate an error by an upstream's own codes; None when its code is not among them."""
    code = table.get(fold(said.code)) if said is not None else None
    return None if said is None or code is None else failure_of(said, code, secret=secret)


# The paid call.


def submit(
    call: Call | Failure,
    submission: Submission,
    channel: Channel,
    read: Callable[[dict[str, Any]], SubmitOutcome | None],
    codes: Mapping[str, Code] | None = None,
) -> Generator[Effect, Answer, SubmitOutcome]:
    """Send the paid call once; `read` says what a 2xx object proves, None when it proves nothing of its own.

    `codes` names refusals by the upstream's own codes, folded; whether one is a refusal they do not decide.
    """
    if isinstance(call, Failure):
        return Refused(failure=call)
    answer = yield call
    body = good(answer)
    outcome = read(body) if body is not None else None
    if outcome is not None:
        return outcome
    verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
    if isinstance(verdict, Refused) and codes and isinstance(answer, Reply):
        return Refused(failure=_renamed(verdict.failure, answer, codes))
    return verdict or Unclear(reason="The upstream answered without an id.")


def _renamed(failure: Failure, answer: Reply, codes: Mapping[str, Code]) -> Failure:
    said = error_in(answer.object() or {}, answer.status)
    code = codes.get(fold(said.code)) if said is not None else None
    # Words about content say more than a code for anything that was wrong.
    if code is None or failure.code is Code.CONTENT_POLICY:
        return failure
    return msgspec.structs.replace(failure, code=code)


def question(path: str, channel: Channel, query: Sequence[tuple[str, str]] = ()) -> Call:
    """Compose a question to the channel, with its key as a bearer token."""
    return Call(method="GET", path=path, headers=bearer(channel), query=query, timeout_s=30.0)


# What a job's answer means.


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says about a job, before anything follows from it."""

    word: object = None
    phase: Phase | None
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    """Why it failed or was withheld, where the answer says so."""
    progress: int | None = None
    cost: Micro | None = None


def looked(word: object, own: Mapping[str, Phase] | None = None) -> Phase | None:
    """Translate a status word, first by the upstream's own words; `own` is folded."""
    known = (own or {}).get(fold(word)) if isinstance(word, str) else None
    return known or phase_of(word)


_ENVELOPE_WORDS: Final = frozenset({"error", "fail", "failure", "success", "ok", "done"})
"""Words that many servers also use for the answer itself; they speak of a job only beside what a job has."""


def word_in(job: Job, name: str, *marks: str) -> str | None:
    """Give the status word of a job; None where there is none, or where it may be about the answer itself.

    `marks` are keys that only a job has.
    """
    word = job.get(name)
    if not isinstance(word, str) or not word.strip():
        return None
    return word if fold(word) not in _ENVELOPE_WORDS or any(mark in job for mark in marks) else None


def conclude(look: Look) -> Observation:
    """Draw the conclusion: a success word needs a clip, and one beside a reason for its absence is a failure."""
    word = raw_word(look.word)
    match look.phase:
        case Phase.COMPLETED if look.outputs:
            return Observation(
                phase=Phase.COMPLETED, progress=100, outputs=look.outputs, word=word, cost=look.cost
            )
        case Phase.COMPLETED if look.failure is not None:
            return Observation(phase=Phase.FAILED, error=look.failure, word=word, cost=look.cost)
        case Phase.COMPLETED:
            return Observation(phase=Phase.COMPLETED, word=word, cost=look.cost)
        case Phase.FAILED:
            failure = look.failure or job_failure(None, word=look.word)
            return Observation(phase=Phase.FAILED, error=failure, word=word, cost=look.cost)
        case _:
            return Observation(phase=look.phase, progress=look.progress, word=word)


def unlearned(answer: Answer, channel: Channel) -> Observation:
    """Compose the observation of an answer that says nothing about the job."""
    return nothing_learned(trouble_of(answer, secret=channel.secret))


# Stopping a job.


def stopped(answer: Answer, channel: Channel) -> CancelOutcome:
    """Read the answer to a call whose success means that the job stopped; the body may be empty."""
    if isinstance(answer, Reply) and 200 <= answer.status < 300 and not answer.body.strip():
        return CancelOutcome(ended=True)
    trouble = trouble_of(answer, secret=channel.secret)
    return CancelOutcome(ended=trouble is None, reason="" if trouble is None else trouble.message)


def is_over(seen: Observation) -> CancelOutcome | None:
    """Say why a job is not to be deleted after this look at it: only a living one is; None for a living one."""
    if seen.phase in {Phase.QUEUED, Phase.IN_PROGRESS}:
        return None
    if seen.phase is None:
        reason = seen.trouble.message if seen.trouble else "The upstream says a word nobody knows."
        return CancelOutcome(ended=False, reason=reason)
    over = seen.phase is Phase.CANCELLED
    return CancelOutcome(ended=over, reason="" if over else f"The job is {seen.phase.value} already.")


# Lists.


class Page(msgspec.Struct, frozen=True):
    """One page of an upstream's list."""

    items: list[dict[str, Any]]
    after: Call | None
    """The call for the next page; None on the last one."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """How an upstream lists its jobs."""

    first: Call
    page: Callable[[dict[str, Any], Call], Page | None]
    """Reads a page out of a good answer to a call; None when it is none."""
    ref: Callable[[Job], str | None]
    observe: Callable[[Job], Observation]


def poll_listed(
    refs: Sequence[str], channel: Channel, listing: Listing, *, most_pages: int = 20
) -> Generator[Effect, Answer, Mapping[str, Observation]]:
    """Ask about many jobs through the list; empty when there is no usable list.

    A channel in trouble (key, limits, outage) is reported for every ref. A job listed as completed
    without a clip is left out, for lists are often shorter than the jobs themselves.
    """
    wanted, seen = set(refs), dict[str, Observation]()
    call: Call | None = listing.first
    for _ in range(most_pages):
        answer = yield call
        page = _page_in(answer, call, listing)
        if page is None:
            return seen or _trouble_for_all(answer, refs, channel)
        for item in page.items:
            ref = listing.ref(item)
            if ref in wanted and ref not in seen:
                seen[ref] = listing.observe(item)
        call = page.after
        if call is None or len(seen) == len(wanted):
            break
    return {ref: each for ref, each in seen.items() if each.phase is not Phase.COMPLETED or each.outputs}


def _page_in(answer: Answer, call: Call, listing: Listing) -> Page | None:
    body = good(answer)
    page = listing.page(body, call) if body is not None else None
    # A server that ignores where a page starts gives the same page for ever.
    return None if page is None else Page(page.items, page.after if page.items else None)


def _trouble_for_all(answer: Answer, refs: Sequence[str], channel: Channel) -> dict[str, Observation]:
    trouble = trouble_of(answer, secret=channel.secret)
    no_list = isinstance(answer, Reply) and answer.status in _NO_LIST
    if trouble is None or no_list or trouble.code in {Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST}:
        return {}
    return {ref: nothing_learned(trouble) for ref in refs}


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a listed job tells about the request it came from; None for what it does not tell."""

    prompt: str | None
    model: str | None
    born_ms: int | None


def find_listed(
    submission: Submission,
    taken: frozenset[str],
    listing: Listing,
    traits: Callable[[Job], Traits],
) -> Generator[Effect, Answer, FindOutcome]:
    """Look through the list, newest first, for the one job that can be this submission.

    Not finding it proves nothing: lists lag behind, and some show other keys' jobs or not all of ours.
    """
    exact: dict[str, dict[str, Any]] = {}
    possible: set[str] = set()
    call: Call | None = listing.first
    for _ in range(MOST_PAGES):
        page = _page_in((yield call), call, listing)
        if page is None:
            return Unclear(reason="The upstream's list could not be read.")
        for item in page.items:
            ref = listing.ref(item)
            if ref is not None and ref not in taken:
                _sort_out(ref, item, traits(item), submission, exact, possible)
        call = page.after
        if call is None or _reaches_before(page.items, traits, submission):
            return _found(exact, possible, listing)
    return Unclear(reason="The upstream's list is too long to look through.")


def _sort_out(
    ref: str,
    item: dict[str, Any],
    told: Traits,
    submission: Submission,
    exact: dict[str, dict[str, Any]],
    possible: set[str],
) -> None:
    start = submission.submitted_at_ms
    born = told.born_ms
    if born is not None and not start - CLOCK_SKEW_MS <= born <= start + LATEST_BIRTH_MS:
        return
    if told.prompt is not None and told.prompt != submission.request.prompt:
        return
    if None not in (born, told.prompt) and told.model in {None, submission.upstream_model}:
        exact[ref] = item
    else:
        possible.add(ref)


def _reaches_before(items: Sequence[Job], traits: Callable[[Job], Traits], submission: Submission) -> bool:
    births = [born for item in items if (born := traits(item).born_ms) is not None]
    return bool(births) and min(births) < submission.submitted_at_ms - CLOCK_SKEW_MS


def _found(exact: Mapping[str, dict[str, Any]], possible: set[str], listing: Listing) -> FindOutcome:
    if len(exact) == 1 and not possible:
        ((ref, item),) = exact.items()
        seen = listing.observe(item)
        return Found(ref=ref, observation=seen if seen.phase is not None else None)
    if exact or possible:
        count = len(exact) + len(possible)
        return Unclear(reason=f"{count} jobs in the upstream's list could be this one.")
    return NotFound(certain=False, reason="The upstream's list has no such job.")


# Requests.

_RATIOS: Final[Mapping[str, float]] = {
    text: int(text.partition(":")[0]) / int(text.partition(":")[2])
    for text in ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16", "9:21")
}


def ratio_of(size: Size) -> str:
    """Name the aspect ratio of a size as upstreams do: the usual one within 3 %, else the exact one."""
    exact = size.width / size.height
    name = min(_RATIOS, key=lambda text: abs(math.log(_RATIOS[text] / exact)))
    if abs(_RATIOS[name] / exact - 1) <= 0.03:
        return name
    shared = math.gcd(size.width, size.height)
    return f"{size.width // shared}:{size.height // shared}"


def lines_of(size: Size) -> int:
    """Give the length of the shorter side, which is what upstreams call `720p`."""
    return min(size.width, size.height)


def unwanted_role(request: Request, *roles: Role) -> Failure | None:
    """Refuse inputs of any role but `roles`."""
    for given in request.inputs:
        if given.role not in roles:
            param = "video" if given.role is Role.SOURCE_VIDEO else "input_reference"
            return refusal(param, f"This channel takes no input of role {given.role.value} here.")
    return None


def first_of(request: Request, role: Role) -> Any:
    """Give the first input of a role as a data URL for a JSON body; None when there is none."""
    from_role = request.inputs_of(role)
    return data_url(from_role[0]) if from_role else None
