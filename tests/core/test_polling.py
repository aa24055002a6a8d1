"""When to ask next: the recommended rules as they are written, and a plan that asks where the end is likely."""

from __future__ import annotations

import pytest

from reelgate.core.polling import (
    DENSE,
    LONGEST_S,
    Between,
    ByProgress,
    Course,
    Fixed,
    Planned,
    Policy,
    Usual,
    next_wait,
    parse_policy,
    usual_from_profile,
    usual_of,
)

USUAL = Usual(163, 246, 534)


def wait(
    policy: Policy,
    age_s: float,
    *,
    progress: int | None = None,
    usual: Usual = USUAL,
    recommended_s: float = 10,
    draw: float = 0.5,
) -> float:
    course = Course()
    course.note(age_s, progress)
    return next_wait(policy, age_s=age_s, course=course, usual=usual, recommended_s=recommended_s, draw=draw)


@pytest.mark.parametrize("text", ["planned", "progress", "fixed:30", "fixed:0.5", "range:30-60"])
def test_a_policy_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_policy(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "often", "fixed", "fixed:", "fixed:0", "fixed:-1", "fixed:nan", "fixed:inf", "fixed:1e9",
     "range:60-30", "range:30", "range:-", "planned:3", "progress:5", "x" * 300],
)  # fmt: skip
def test_what_is_no_policy_is_refused_with_what_may_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="fixed:SECONDS") as refused:
        parse_policy(text)

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("progress", "seconds"), [(None, 5), (0, 5), (29, 5), (30, 10), (69, 10), (70, 15), (99, 15)]
)
def test_the_rule_by_progress_is_row_003_06(progress: int | None, seconds: float) -> None:
    assert wait(ByProgress(), 100, progress=progress) == pytest.approx(seconds)


def test_a_range_is_drawn_between_its_bounds() -> None:
    """000-19: 30 to 60 seconds."""
    drawn = [wait(Between(30, 60), 0, draw=draw) for draw in (0.0, 0.5, 1.0)]

    assert drawn == [30, 45, 60]


def test_jobs_sent_together_drift_apart() -> None:
    assert [wait(Fixed(30), 0, draw=draw) for draw in (0.0, 1.0)] == pytest.approx([28.5, 31.5])


def test_a_plan_is_sparse_before_most_jobs_end_dense_where_they_do_and_slower_after() -> None:
    before, dense, after, long_after = (wait(Planned(), age) for age in (20, 300, 900, 1_900))

    assert before > 2.5 * dense
    assert after > 2 * dense
    assert after < long_after <= 1.05 * LONGEST_S


def test_a_new_job_is_looked_at_soon_and_then_left_alone() -> None:
    assert wait(Planned(), 0) == pytest.approx(5)
    assert wait(Planned(), 5) > 30


def test_progress_moves_the_dense_part_to_where_it_points() -> None:
    """Half done at 40 s: the end is near 80 s, whatever others took."""
    far, near = wait(Planned(), 40, progress=50), wait(Planned(), 76, progress=95)

    assert far < wait(Planned(), 40)
    assert near < far
    assert near < wait(Planned(), 76)


def test_progress_that_stands_still_is_not_believed_for_ever() -> None:
    course = Course()
    for age, percent in ((10, 30), (20, 60), (26, 78)):
        course.note(age, percent)

    stalled = next_wait(Planned(), age_s=120, course=course, usual=USUAL, recommended_s=10, draw=0.5)

    assert stalled == wait(Planned(), 120)


def test_progress_that_falls_or_says_nothing_changes_nothing() -> None:
    course = Course()
    for age, percent in ((10.0, 20), (20.0, 40), (30.0, 35), (40.0, None), (50.0, 0), (60.0, 40)):
        course.note(age, percent)

    assert course.latest == (20.0, 40)
    assert course.left_s() == pytest.approx(30)


def test_a_finished_bar_says_nothing_about_what_is_left() -> None:
    course = Course()
    course.note(30, 100)

    assert course.left_s() is None
    assert wait(Planned(), 30, progress=100) > 0


@pytest.mark.parametrize("recommended_s", [0.2, 3, 10, 30])
def test_no_plan_asks_more_often_than_the_profile_allows(recommended_s: float) -> None:
    least = min(
        wait(Planned(), age, progress=percent, recommended_s=recommended_s)
        for age in range(0, 1_000, 7)
        for percent in (None, 1, 50, 99)
    )

    assert least >= 0.99 * max(min(1.0, recommended_s), DENSE * recommended_s)


def test_a_plan_asks_no_more_on_average_than_the_profile_recommends() -> None:
    age, polls = 0.0, 0
    while age < USUAL.p90:
        age += wait(Planned(), age)
        polls += 1

    assert age / polls >= 10


@pytest.mark.parametrize("age_s", [0.0, 1e-9, 1e5, 1e9])
@pytest.mark.parametrize("usual", [USUAL, usual_from_profile(0), Usual(60, 60, 60), Usual(0.1, 0.1, 9_000)])
def test_every_plan_gives_a_wait_that_can_be_waited(age_s: float, usual: Usual) -> None:
    assert 0.5 <= wait(Planned(), age_s, usual=usual) <= 1.05 * LONGEST_S


def test_few_finished_jobs_teach_nothing_and_many_teach_their_quantiles() -> None:
    assert usual_of([60.0] * 7) is None
    assert usual_of([float(n) for n in range(1, 101)]) == Usual(26, 51, 91)


def test_the_guess_from_a_profile_is_spread_like_recorded_jobs() -> None:
    guess = usual_from_profile(246)

    assert guess.p50 == 246
    assert guess.p90 == pytest.approx(534, rel=0.01)
