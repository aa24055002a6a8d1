"""The suite finds what it is there to find: each way of breaking a promise fails a check."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, NoReply, Observation, Output, Phase, Refused, Reply
from reelgate.core.errors import Code, Failure
from reelgate.core.words import classify_submit
from reelgate.dialects.openai_videos import OpenAIVideos
from reelgate.testing import conformance
from reelgate.testing.conformance import Nonconforming
from reelgate.testing.play import play
from tests.dialects.openai_videos.case import CASE, CASE_WITH_URLS

OK = Failure(code=Code.UPSTREAM_FAILED, message="no")


class Changed(OpenAIVideos):
    """The real dialect with one of its outcomes changed."""

    def __init__(self, submit=lambda _answer, outcome: outcome, poll=lambda _answer, seen: seen):
        self._submit, self._poll = submit, poll

    def submit(self, submission, channel) -> Any:
        flow = super().submit(submission, channel)
        answer = yield next(flow)
        try:
            flow.send(answer)
        except StopIteration as end:
            return self._submit(answer, end.value)

    def poll(self, ref, channel) -> Any:
        flow = super().poll(ref, channel)
        answer = yield next(flow)
        try:
            flow.send(answer)
        except StopIteration as end:
            return self._poll(answer, end.value)


def failed(*_: object) -> Observation:
    return Observation(phase=Phase.FAILED, error=OK)


def is_bad(answer: object) -> bool:
    return not isinstance(answer, Reply) or answer.status >= 300 or answer.object() is None


BROKEN = {
    "accepts": Changed(submit=lambda _a, _o: Refused(failure=OK)),
    "refuses": Changed(submit=lambda _a, _o: Accepted(ref="x")),
    "runs": Changed(poll=failed),
    "completes": Changed(poll=lambda _a, seen: replace(seen, outputs=(Output(),))),
    "fails": Changed(poll=lambda _a, seen: replace(seen, error=None)),
    "an_unknown_word_keeps_the_state": Changed(poll=lambda _a, seen: replace(seen, phase=Phase.FAILED)),
    "progress_is_a_whole_percentage": Changed(poll=lambda _a, seen: replace(seen, progress=101)),
    "a_submit_that_never_left_is_refused_and_retryable": Changed(
        submit=lambda answer, o: Refused(failure=OK) if isinstance(answer, NoReply) else o
    ),
    "a_doubtful_submit_is_unclear": Changed(
        submit=lambda answer, o: Refused(failure=OK) if getattr(answer, "status", 0) == 502 else o
    ),
    "a_definite_refusal_is_refused": Changed(
        submit=lambda answer, o: Accepted(ref="x") if getattr(answer, "status", 0) == 415 else o
    ),
    "a_throttle_is_refused_and_retryable": Changed(
        submit=lambda answer, o: classify_submit(replace(answer, headers={})) if is_bad(answer) else o
    ),
    "a_poll_that_fails_says_nothing": Changed(poll=lambda a, seen: failed() if is_bad(a) else seen),
    "only_an_unknown_job_is_lost": Changed(poll=lambda _a, seen: replace(seen, lost=True)),
    "an_error_in_a_200_is_an_error": Changed(submit=lambda _a, _o: Accepted(ref="x")),
    "secrets_stay_inside": Changed(
        submit=lambda a, _o: Accepted(ref=a.body.decode() if isinstance(a, Reply) else a.reason)
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_found(name):
    check = getattr(conformance, name)
    check(CASE)

    with pytest.raises(Nonconforming):
        check(replace(CASE, dialect=BROKEN[name]))


def test_a_success_word_without_an_output_that_fails_the_job_is_found():
    broken = Changed(
        poll=lambda _a, seen: failed() if seen.phase is Phase.COMPLETED and not seen.outputs else seen
    )

    with pytest.raises(Nonconforming):
        conformance.completed_without_output_is_not_completed(replace(CASE_WITH_URLS, dialect=broken))


def test_chance_is_found():
    class Moody(OpenAIVideos):
        count = 0

        def submit(self, submission, channel) -> Any:
            Moody.count += 1
            yield next(super().submit(submission, channel))
            return Accepted(ref=str(Moody.count))

    with pytest.raises(Nonconforming):
        conformance.is_deterministic(replace(CASE, dialect=Moody()))


def test_a_module_that_does_io_is_found():
    # This module imports pytest, so a dialect that lives here is not pure.
    with pytest.raises(Nonconforming, match="pure modules"):
        conformance.is_pure(replace(CASE, dialect=Changed()))


def test_every_check_is_in_the_suite_and_has_a_broken_dialect():
    told = {check.__name__ for check in conformance.checks(CASE)}
    elsewhere = {"is_pure", "is_deterministic", "completed_without_output_is_not_completed"}

    assert told == set(BROKEN) | elsewhere
    assert (
        not told
        & {check.__name__ for check in conformance.OVER_HTTP}
        & {check.__name__ for check in conformance.checks(replace(CASE, http=False))}
    )


def test_the_changed_dialect_is_the_real_one_when_nothing_is_changed():
    assert CASE.running is not None
    assert play(Changed().poll(CASE.ref, CASE.channel), *CASE.running) == play(
        CASE.dialect.poll(CASE.ref, CASE.channel), *CASE.running
    )
