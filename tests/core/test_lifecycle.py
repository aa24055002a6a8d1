from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.lifecycle import OPEN, OUTWARD, OUTWARD_RANK, TERMINAL, TRANSITIONS, Status, may_move


def reach(start: Status) -> set[Status]:
    """Every status a task can be in after any number of moves, the start included."""
    seen, todo = {start}, [start]
    while todo:
        fresh = TRANSITIONS[todo.pop()] - seen
        seen |= fresh
        todo += fresh
    return seen


@st.composite
def lives(draw: st.DrawFn) -> list[Status]:
    """A walk along the lifecycle from the first status, of any length up to forty."""
    path = [Status.QUEUED]
    for _ in range(draw(st.integers(0, 40))):
        nexts = sorted(TRANSITIONS[path[-1]])
        if not nexts:
            break
        path.append(draw(st.sampled_from(nexts)))
    return path


def test_every_status_has_a_row_and_an_outward_word():
    assert set(TRANSITIONS) == set(Status) == set(OUTWARD)
    assert set(OUTWARD.values()) == set(OUTWARD_RANK)


def test_the_terminal_statuses_are_the_three_a_person_knows():
    assert {Status.COMPLETED, Status.FAILED, Status.CANCELLED} == TERMINAL
    assert set(Status) - TERMINAL == OPEN


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_terminal_status_absorbs(status: Status):
    assert reach(status) == {status}
    assert not any(may_move(status, after) for after in Status)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_status_is_no_dead_end(status: Status):
    assert reach(status) & TERMINAL
    assert Status.FAILED in TRANSITIONS[status], (
        "every open status can end at once when nothing else can be done"
    )


def test_every_status_can_be_reached_from_the_first():
    assert reach(Status.QUEUED) == set(Status)


@given(lives())
def test_a_client_never_sees_a_status_go_backwards(path: list[Status]):
    ranks = [OUTWARD_RANK[OUTWARD[status]] for status in path]

    assert ranks == sorted(ranks)


@given(lives())
def test_an_ended_task_keeps_its_outward_word(path: list[Status]):
    ends = [status for status in path if status in TERMINAL]

    assert len(ends) <= 1
    assert not ends or path[-1] is ends[0]


@given(lives())
def test_completed_is_only_reached_through_an_accepted_and_archived_attempt(path: list[Status]):
    if path[-1] is Status.COMPLETED:
        assert path[-3:] == [Status.RUNNING, Status.ARCHIVING, Status.COMPLETED]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.ARCHIVING])
def test_work_the_upstream_accepted_is_never_queued_again(status: Status):
    assert not reach(status) & {Status.QUEUED, Status.SUBMITTING, Status.UNCONFIRMED}


def test_an_unconfirmed_task_is_not_submitted_without_passing_the_queue():
    assert not may_move(Status.UNCONFIRMED, Status.SUBMITTING)


def test_a_cancelled_task_is_failed_to_a_videos_client():
    assert OUTWARD[Status.CANCELLED] == "failed"
