"""Models end on a day, are spoken of before it, and what can take their place is worked out, not guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from reelgate.app import load_dialects
from reelgate.core.money import Micro
from reelgate.core.profile import Profile, Span
from reelgate.core.retire import DAY_MS, WARN_DAYS, ends_at, headers_of, heirs, sunset_of
from reelgate.core.task import Role, Verb

ENDS = int(datetime(2026, 9, 24, tzinfo=UTC).timestamp()) * 1000
WANTED = Profile(
    name="sora-2",
    title="Sora 2",
    provider="test",
    seconds=(4, 8, 12),
    sizes=("720x1280", "1280x720"),
    inputs={Role.FIRST_FRAME: 1},
    verbs=(Verb.CREATE, Verb.REMIX),
    audio=True,
)


@pytest.mark.parametrize(
    ("now", "state", "left"),
    [
        (ENDS - (WARN_DAYS + 1) * DAY_MS, "announced", WARN_DAYS + 1),
        (ENDS - WARN_DAYS * DAY_MS, "ending", WARN_DAYS),
        (ENDS - 1, "ending", 1),
        (ENDS, "ended", 0),
        (ENDS + 90 * DAY_MS, "ended", 0),
    ],
)
def test_a_model_is_there_until_the_first_moment_of_its_day(now: int, state: str, left: int):
    found = sunset_of("2026-09-24", now)

    assert found is not None
    assert (found.state, found.days_left, found.ends_at) == (state, left, ENDS)


@pytest.mark.parametrize("day", [None, "", "soon", "2026-13-01", "24.09.2026"])
def test_a_day_that_cannot_be_read_takes_no_model_away(day: str | None):
    assert ends_at(day) is None
    assert sunset_of(day, ENDS) is None


def test_the_headers_name_the_end_and_the_beginning_of_the_end():
    found = sunset_of("2026-09-24", ENDS - DAY_MS)
    assert found is not None

    headers = headers_of(found)

    assert headers["sunset"] == "Thu, 24 Sep 2026 00:00:00 GMT"
    assert headers["deprecation"] == f"@{(ENDS - WARN_DAYS * DAY_MS) // 1000}"


def test_the_model_that_can_do_most_of_it_comes_first_and_what_it_lacks_is_said():
    same = replace(WANTED, name="same")
    shorter = replace(WANTED, name="shorter", seconds=(4, 8), verbs=(Verb.CREATE,))
    silent = replace(WANTED, name="silent", audio=False)

    found = heirs(WANTED, [(p.name, p) for p in (shorter, silent, same)])

    assert [h.model for h in found] == ["same", "silent", "shorter"]
    assert found[0].score == 1
    assert found[1].lacks == ("audio",)
    assert set(found[2].lacks) == {"remix", "12 s"}


def test_of_equal_models_the_cheaper_comes_first():
    dear = replace(WANTED, price_per_second=Micro(500_000))
    cheap = replace(WANTED, price_per_second=Micro(100_000))

    assert [h.model for h in heirs(WANTED, [("a-dear", dear), ("b-cheap", cheap)])] == ["b-cheap", "a-dear"]


def test_a_model_that_can_do_little_of_it_is_not_suggested():
    other = Profile(
        name="edit",
        title="E",
        provider="t",
        generative=False,
        seconds=(60,),
        sizes=("64x64",),
        verbs=(Verb.EDIT,),
    )

    assert heirs(WANTED, [("edit", other)]) == []


def test_a_model_of_ranges_is_compared_by_what_lies_in_them():
    ranged = replace(WANTED, seconds=(), seconds_range=Span(1, 60), sizes=(), size_range=Span(64, 2160))

    assert heirs(WANTED, [("ranged", ranged)])[0].score == 1
    assert heirs(ranged, [("wanted", WANTED)])[0].score < 1


def test_what_is_announced_stands_in_the_profiles():
    _, profiles = load_dialects()
    ends = {(name, p.name): p.sunset for name, facts in profiles.items() for p in facts.model if p.sunset}

    assert {day for (_, model), day in ends.items() if "sora" in model} == {"2026-09-24"}
    assert ends["veo_lro", "veo-3.1-generate-preview"] == "2026-10-22"
    assert ends["veo_lro", "veo-3.1-fast-generate-preview"] == "2026-10-22"
    assert all(ends_at(day) is not None for day in ends.values())
