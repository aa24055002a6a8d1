"""What follows from a job's answer, a list and a size, whichever upstream gave them."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.core.dialect import Output, Phase
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    Look,
    addresses,
    conclude,
    id_in,
    is_over,
    lines_of,
    looked,
    ratio_of,
    stopped,
    word_in,
)
from reelgate.core.task import Size
from reelgate.core.words import nothing_learned
from reelgate.testing.play import reply
from tests.dialects.samples import channel

URL = "https://cdn.example.com/a.mp4"
WITHHELD = Failure(code=Code.CONTENT_FILTERED, message="Withheld.")


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ((1280, 720), "16:9"),
        ((1366, 768), "16:9"),
        ((854, 480), "16:9"),
        ((720, 1280), "9:16"),
        ((960, 960), "1:1"),
        ((1584, 672), "21:9"),
        ((1104, 832), "4:3"),
        ((768, 1024), "3:4"),
        ((1000, 100), "10:1"),
    ],
)
def test_a_size_has_the_usual_name_of_its_ratio_or_its_exact_one(size, ratio):
    assert ratio_of(Size(*size)) == ratio


def test_the_shorter_side_counts_the_lines():
    assert lines_of(Size(720, 1280)) == lines_of(Size(1280, 720)) == 720


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("t1", "t1"),
        (106, "106"),
        ("", None),
        (" ", None),
        (0, None),
        (True, None),
        (1.5, None),
        ("a\nb", None),
        ("x" * 513, None),
    ],
)
def test_an_id_is_a_text_or_a_number_that_could_stand_in_a_database(value, read):
    assert id_in(value) == read


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (URL, [URL]),
        ([URL, 7, {"url": URL}, "data:x", None], [URL, URL]),
        ({"url": [URL]}, [URL]),
        ({"uri": URL}, []),
        ("/a", []),
        (7, []),
    ],
)
def test_addresses_are_found_in_texts_lists_and_objects(value, found):
    assert addresses(value) == found


@pytest.mark.parametrize("word", ["error", "FAIL", "success", "ok", "done"])
def test_a_word_that_may_be_about_the_answer_needs_a_job_beside_it(word):
    assert word_in({"status": word}, "status", "id") is None
    assert word_in({"status": word, "id": 1}, "status", "id") == word


def test_any_other_word_speaks_for_itself_and_an_empty_one_says_nothing():
    assert word_in({"status": "running"}, "status", "id") == "running"
    assert word_in({"status": "failed"}, "status", "id") == "failed"
    assert word_in({"status": " ", "id": 1}, "status", "id") is None
    assert word_in({"status": 7, "id": 1}, "status", "id") is None


def test_an_upstreams_own_meaning_of_a_word_comes_first():
    assert looked("Pending", {"pending": Phase.IN_PROGRESS}) is Phase.IN_PROGRESS
    assert looked("Pending") is Phase.QUEUED
    assert looked(7) is None


def test_a_success_word_needs_a_clip_and_beside_a_reason_it_is_a_failure():
    clip = (Output(url=URL),)

    assert conclude(Look(phase=Phase.COMPLETED, outputs=clip, failure=WITHHELD)).progress == 100
    assert conclude(Look(phase=Phase.COMPLETED, failure=WITHHELD)).phase is Phase.FAILED
    empty = conclude(Look(phase=Phase.COMPLETED))
    assert (empty.phase, empty.outputs, empty.error) == (Phase.COMPLETED, (), None)


@pytest.mark.parametrize("phase", [None, Phase.QUEUED, Phase.IN_PROGRESS])
def test_a_living_job_has_neither_clip_nor_failure_whatever_stands_beside_it(phase):
    seen = conclude(Look(phase=phase, outputs=(Output(url=URL),), failure=WITHHELD, progress=7))

    assert (seen.phase, seen.outputs, seen.error, seen.progress) == (phase, (), None, 7)


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (reply(b"", 204), True),
        (reply({}), True),
        (reply(b"<html>"), False),
        (reply(b"", 404), False),
        (reply({"error": "x"}), False),
    ],
)
def test_an_empty_success_stops_a_job_and_nothing_doubtful_does(answer: Any, ended: bool):
    assert stopped(answer, channel("any")).ended is ended


def test_only_a_living_job_is_not_over():
    assert is_over(conclude(Look(phase=Phase.QUEUED))) is None
    gone = is_over(conclude(Look(phase=Phase.CANCELLED)))
    done = is_over(conclude(Look(phase=Phase.COMPLETED)))
    unknown = is_over(nothing_learned(None))
    assert gone is not None
    assert gone.ended
    assert done is not None
    assert not done.ended
    assert unknown is not None
    assert not unknown.ended
