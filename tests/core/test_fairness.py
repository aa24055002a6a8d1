"""Turns on one lane with one slot: shares follow weights, newcomers are served at once, nobody starves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.fairness import BEGINNING, HEAD_START, HIGHEST, TURN, cost, join, points, serve, stamp


@dataclass
class Lane:
    """A lane as its rows would be, and the order its runner would serve it in."""

    virtual: int | None = None
    following: dict[str, int] = field(default_factory=dict)
    waiting: list[tuple[int, int, str, int | None]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    order: int = 0

    def queue(self, user: str, weight: int = 1, priority: int = 0) -> None:
        turn, self.following[user] = join(self.virtual, self.following.get(user), weight)
        self._wait(stamp(turn, priority), user, turn)

    def queue_without_turn(self, user: str) -> None:
        self._wait(stamp(0, 0), user, None)

    def _wait(self, stamped: int, user: str, turn: int | None) -> None:
        self.order += 1
        self.waiting.append((-stamped, self.order, user, turn))

    def serve(self) -> str:
        first = min(self.waiting)
        self.waiting.remove(first)
        _, _, user, turn = first
        if turn is not None:
            self.virtual = serve(self.virtual, turn)
        self.served.append(user)
        return user


@given(backlog=st.integers(1, 300), begun=st.integers(0, 300))
def test_a_backlog_does_not_delay_another_users_first_task(backlog: int, begun: int) -> None:
    lane = Lane()
    for _ in range(backlog):
        lane.queue("flood")
    for _ in range(min(begun, backlog - 1)):
        lane.serve()

    lane.queue("late")

    assert "late" in {lane.serve(), lane.serve()}


@given(backlog=st.integers(2, 100), clips=st.integers(2, 20))
def test_two_users_with_equal_weight_take_turns(backlog: int, clips: int) -> None:
    lane = Lane()
    for _ in range(backlog):
        lane.queue("flood")
    lane.serve()
    for _ in range(clips):
        lane.queue("late")

    first = [lane.serve() for _ in range(2 * min(clips, backlog - 1))]

    for n in range(1, len(first) + 1):
        assert abs(first[:n].count("late") - first[:n].count("flood")) <= 1


@given(weights=st.lists(st.sampled_from([1, 2, 3, 4, 5, 6, 8, 10]), min_size=2, max_size=5))
def test_shares_follow_weights(weights: list[int]) -> None:
    lane, rounds = Lane(), 6
    for n, weight in enumerate(weights):
        for _ in range(rounds * weight * 2):
            lane.queue(f"user {n}", weight)

    counts = Counter(lane.serve() for _ in range(rounds * sum(weights)))

    for n, weight in enumerate(weights):
        assert abs(counts[f"user {n}"] - rounds * weight) <= max(2, weight)


@given(past=st.integers(1, 200))
def test_what_was_served_in_quiet_times_costs_one_turn_at_most(past: int) -> None:
    lane = Lane()
    for _ in range(past):
        lane.queue("busy")
        lane.serve()

    lane.queue("busy")
    for _ in range(5):
        lane.queue("new")

    assert "busy" in {lane.serve(), lane.serve()}


@given(
    arrivals=st.lists(
        st.tuples(st.sampled_from("abcde"), st.integers(1, 20), st.integers(-5, 5), st.booleans()),
        max_size=200,
    )
)
def test_everything_that_waits_is_served_once(
    arrivals: list[tuple[str, int, int, bool]],
) -> None:
    lane = Lane()
    for user, weight, priority, work in arrivals:
        lane.queue(user, weight, priority)
        if work:
            lane.serve()
    while lane.waiting:
        lane.serve()

    assert Counter(lane.served) == Counter(user for user, *_ in arrivals)


@given(difference=st.integers(1, 10), weight=st.sampled_from([1, 2, 4]))
def test_a_lower_priority_is_overtaken_a_bounded_number_of_times(difference: int, weight: int) -> None:
    lane = Lane()
    lane.queue("urgent", weight, difference)
    lane.serve()
    lane.queue("patient", priority=0)
    overtaken = 0
    while True:
        lane.queue("urgent", weight, difference)
        if lane.serve() == "patient":
            break
        overtaken += 1

    assert overtaken <= difference * (HEAD_START // cost(weight)) + weight + 1


def test_priority_is_what_decides_between_two_who_wait_alike() -> None:
    lane = Lane()
    lane.queue("plain")
    lane.queue("urgent", priority=1)

    assert [lane.serve(), lane.serve()] == ["urgent", "plain"]


@given(backlog=st.integers(1, 300))
def test_a_backlog_from_the_days_of_one_user_delays_no_newcomer_and_is_not_starved(backlog: int) -> None:
    lane = Lane()
    for _ in range(backlog):
        lane.queue_without_turn("old")
    lane.queue("new")
    assert lane.serve() == "new"

    passed = 0
    while True:
        lane.queue("new")
        if lane.serve() == "old":
            break
        passed += 1

    assert passed <= -BEGINNING // TURN


@given(turn=st.integers(BEGINNING, 1 << 25), priority=st.integers(-HIGHEST, HIGHEST))
def test_a_stamp_fits_the_runner_and_gives_its_priority_back(turn: int, priority: int) -> None:
    stamped = stamp(turn, priority)

    assert -(2**31) <= stamped < 2**31
    assert points(stamped, turn) == priority
    assert points(stamp(0, priority), None) == priority
