"""Driving flows with prepared answers."""

from __future__ import annotations

import pytest

from reelgate.core.dialect import Call, Closed, Follow, Line, Moment, NoReply, Now
from reelgate.testing.play import ScriptError, play, reply


def flow(count):
    said = []
    for number in range(count):
        said.append((yield Call(method="GET", path=f"/{number}")))
    return said


def test_a_flow_gets_its_answers_in_order_and_its_effects_are_kept():
    first, second = reply({"a": 1}), reply("text", 404, {"Retry-After": "1"})
    played = play(flow(2), first, second)

    assert played.result == [first, second]
    assert [call.path for call in played.calls] == ["/0", "/1"]
    assert (second.media_type, second.headers["retry-after"]) == ("text/plain", "1")


def test_a_flow_without_effects_needs_no_answers():
    assert play(flow(0)).effects == ()


def test_too_few_answers_name_the_effect_that_had_none():
    with pytest.raises(ScriptError, match=r"effect 2 \(GET /1\) has no answer; 1 given"):
        play(flow(3), reply())


def test_answers_left_over_name_what_was_asked():
    with pytest.raises(ScriptError, match=r"1 of 2 answers left over; the flow asked for: GET /0"):
        play(flow(1), reply(), reply())


def stream():
    answers = [(yield Call(method="POST", path="/chat", stream=True))]
    while not isinstance(answers[-1], Closed | NoReply):
        answers.append((yield Follow()))
    return answers


def test_a_whole_reply_to_a_streaming_call_comes_as_head_lines_and_end():
    whole = reply("data: 1\r\n\ndata: 2\n", headers={"content-type": "text/event-stream"})

    head, *rest = play(stream(), whole).result

    assert (head.status, head.media_type, head.body) == (200, "text/event-stream", b"")
    assert rest == [Line("data: 1"), Line(""), Line("data: 2"), Closed(clean=True)]


def test_the_lines_of_a_stream_may_be_given_one_by_one():
    cut = (reply(b""), Line("data: 1"), Closed(clean=False, reason="reset"))

    assert play(stream(), *cut).result == list(cut)


def test_lines_nobody_asked_for_are_not_left_over():
    def first_line():
        yield Call(method="POST", path="/chat", stream=True)
        return (yield Follow())

    assert play(first_line(), reply("a\nb\nc")).result == Line("a")


def timed():
    before = yield Now()
    answer = yield Call(method="GET", path="/")
    return before, answer


def test_the_time_is_told_without_an_answer_of_the_script():
    played = play(timed(), reply("x"), now_ms=7)

    assert played.result[0] == Moment(7)
    assert played.effects == (Now(), played.call)
    assert play(timed(), reply("x")).result == play(timed(), reply("x")).result
