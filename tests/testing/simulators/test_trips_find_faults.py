"""The round trips find what they are there to find: each way of breaking a promise fails one of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reelgate.core.dialect import NoReply, Observation, Phase, Refused, Reply, Unclear
from reelgate.core.errors import Code, Failure
from reelgate.dialects.openai_videos import OpenAIVideos
from reelgate.testing import round_trip as trips
from reelgate.testing.conformance import Nonconforming
from reelgate.testing.round_trip import TRIPS, Route, Trip
from reelgate.testing.simulators import families
from tests.testing.simulators.test_round_trips import known

NO = Failure(code=Code.UPSTREAM_FAILED, message="no")
GONE = Observation(phase=Phase.FAILED, error=NO)


class Changed(OpenAIVideos):
    """The real dialect with its outcomes changed."""

    def __init__(
        self,
        submit: Callable[[Any, Any], Any] = lambda _answer, outcome: outcome,
        poll: Callable[[Any, Any], Any] = lambda _answer, seen: seen,
        *,
        twice: bool = False,
    ) -> None:
        self._submit, self._poll, self._twice = submit, poll, twice

    def submit(self, submission, channel) -> Generator[Any, Any, Any]:
        answer, outcome = yield from _heard(super().submit(submission, channel))
        if self._twice and isinstance(outcome, Unclear):
            answer, outcome = yield from _heard(super().submit(submission, channel))
        return self._submit(answer, outcome)

    def poll(self, ref, channel) -> Generator[Any, Any, Any]:
        answer, seen = yield from _heard(super().poll(ref, channel))
        return self._poll(answer, seen)


def _heard(flow: Generator[Any, Any, Any]) -> Generator[Any, Any, tuple[Any, Any]]:
    answer = yield next(flow)
    try:
        flow.send(answer)
    except StopIteration as end:
        return answer, end.value
    raise AssertionError("the flow went on")


def hasty(answer: Any, seen: Observation) -> Observation:
    return GONE if seen.trouble is not None else seen


def status(answer: Any) -> int:
    return answer.status if isinstance(answer, Reply) else 0


def never_done(_answer: Any, seen: Observation) -> Observation:
    return replace(seen, phase=Phase.IN_PROGRESS, outputs=()) if seen.phase is Phase.COMPLETED else seen


BROKEN: list[tuple[Trip, Changed]] = [
    (trips.a_clip_comes_home, Changed(poll=never_done)),
    (trips.a_running_job_is_neither_over_nor_lost, Changed(poll=lambda _a, s: replace(s, lost=True))),
    (
        trips.what_was_refused_was_not_billed,
        Changed(submit=lambda a, o: Refused(failure=NO) if status(a) == 502 else o),
    ),
    (trips.a_lost_answer_is_unclear_and_paid_for_once, Changed(twice=True)),
    (
        trips.a_lost_answer_is_unclear_and_paid_for_once,
        Changed(submit=lambda a, o: Refused(failure=NO) if isinstance(a, NoReply) else o),
    ),
    (
        trips.an_upstream_that_is_not_there_was_sent_nothing,
        Changed(submit=lambda a, o: Unclear(reason="?") if isinstance(a, NoReply) else o),
    ),
    (
        trips.a_key_that_is_not_taken_is_a_refusal,
        Changed(submit=lambda a, o: Unclear(reason="?") if status(a) == 401 else o),
    ),
    (
        trips.a_storm_passes,
        Changed(submit=lambda a, o: Refused(failure=NO) if status(a) == 429 else o),
    ),
    (trips.a_poll_that_fails_keeps_the_state, Changed(poll=hasty)),
    (trips.a_key_revoked_half_way_ends_nothing, Changed(poll=hasty)),
    (trips.bent_reports_do_no_harm, Changed(poll=lambda _a, s: replace(s, progress=250))),
    (
        trips.stuck_at_98_is_still_running_and_late_is_not_never,
        Changed(poll=lambda _a, s: GONE if s.progress == 98 else s),
    ),
    (trips.a_failure_is_told_as_one, Changed(poll=lambda _a, s: replace(s, error=None))),
    (trips.what_is_withheld_is_not_a_clip, Changed(poll=lambda _a, s: replace(s, error=NO))),
    (trips.a_job_nobody_knows_is_lost_and_not_failed, Changed(poll=lambda _a, s: GONE if s.lost else s)),
]


@pytest.mark.parametrize(("trip", "dialect"), BROKEN, ids=lambda each: getattr(each, "__name__", "broken"))
async def test_a_dialect_that_breaks_a_promise_does_not_get_home(trip: Trip, dialect: Any, tmp_path: Path):
    _, profiles = known()
    family = families()["openai_videos"]
    profile = profiles["openai_videos"].find(family.model)
    assert profile is not None

    with pytest.raises(Nonconforming):
        await trip(Route(dialect=dialect, family=family, profile=profile, folder=tmp_path))


def test_each_trip_that_a_plain_poll_or_submit_can_break_is_seen_to_break():
    elsewhere = {
        "a_broken_download_is_never_taken_for_a_clip",
        "many_are_polled_at_once",
        "a_lost_job_is_found_or_left_open",
        "a_cancel_says_what_it_achieved",
        "models_are_listed",
        "a_character_is_kept",
    }
    seen = {trip.__name__ for trip, _ in BROKEN}

    assert seen == {trip.__name__ for trip in TRIPS} - elsewhere
