"""What the server's answers say of jobs: their records, their files, the queue and the socket."""

from __future__ import annotations

import copy
import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import (
    Closed,
    Follow,
    Found,
    Line,
    NoReply,
    NotFound,
    Observation,
    Phase,
    Recorded,
    Unclear,
)
from reelgate.core.errors import Code
from reelgate.dialects.comfyui import DIALECT, MOST_MESSAGES
from reelgate.testing.play import play, reply
from reelgate.testing.replay import lines
from tests.dialects.comfyui.case import (
    ID,
    RECORDED,
    SECRET,
    channel,
    done,
    entry,
    failed,
    history_of,
    job,
    queue,
    saved,
    submission,
    using,
    version,
)

NO_ROUTE = reply(b"", 404, {"content-type": "application/octet-stream"})
UNKNOWN = reply({"error": "Job not found"}, 404)


def poll(*answers, on=None, ref=ID) -> Observation:
    return play(DIALECT.poll(ref, on or channel()), *answers).result


# Recorded answers.


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_answer_is_read_as_its_server_meant_it(name):
    recording = RECORDED[name]
    (line,) = lines([recording], {"comfyui": DIALECT})
    seen: dict[str, Any] = msgspec.json.decode(line)
    expected = dict(recording["expect"])
    if expected.get("status") == "unknown_outcome":
        assert seen["error_code"] == "submission_unknown"
        del expected["status"]

    assert {k: v for k, v in seen.items() if k in expected} == {
        k: v for k, v in expected.items() if k in seen
    }
    assert expected.get("upstream_id", seen["ref"]) == seen["ref"]
    assert expected.get("action") != "requery" or seen["status"] is None


def test_each_recorded_operation_on_jobs_is_read_by_a_flow():
    ops = {each["op"] for each in RECORDED.values()} - {"system_stats", "content", "history_delete", "error"}
    own = dict(DIALECT.recorded.ops) | {
        "submit": "submit",
        "query_jobs": "poll",
        "list": "poll_many",
        "cancel": "cancel",
    }

    assert isinstance(DIALECT.recorded, Recorded)
    assert all(callable(getattr(DIALECT, own[op])) for op in ops)


# Records.


def test_a_running_job_is_asked_about_once_and_shows_no_invented_progress():
    played = play(DIALECT.poll(ID, channel()), reply(job()))

    assert (played.call.method, played.call.path) == ("GET", f"/api/jobs/{ID}")
    assert played.call.headers == {"Authorization": f"Bearer {SECRET}"}
    assert (played.result.phase, played.result.progress) == (Phase.IN_PROGRESS, None)


def test_a_clip_is_fetched_through_the_channel_as_its_record_names_it():
    (output,) = poll(reply(done(saved(subfolder="a b", type="temp")))).outputs

    assert output.call is not None
    assert output.call.path == "/view"
    assert output.call.query == (("filename", "clip_00001_.mp4"), ("subfolder", "a b"), ("type", "temp"))
    assert output.call.headers == {"Authorization": f"Bearer {SECRET}"}


def names(seen: Observation) -> list[str]:
    return [dict(output.call.query)["filename"] for output in seen.outputs if output.call is not None]


@pytest.mark.parametrize("key", ["images", "gifs", "videos", "video", "whatever"])
def test_a_clip_is_known_by_its_ending_under_whatever_key(key):
    assert names(poll(reply(done(saved("x.WebM"), key=key)))) == ["x.WebM"]


def test_clips_come_before_moving_pictures_and_kept_files_before_temporary_ones():
    files = (
        saved("a.gif"),
        saved("b.mp4", type="temp"),
        saved("c.png"),
        saved("d.webp"),
        saved("e.mov"),
        saved("f.mp4"),
    )

    assert names(poll(reply(done(*files)))) == ["e.mov", "f.mp4", "b.mp4", "a.gif", "d.webp"]


def test_a_still_picture_is_no_clip():
    seen = poll(reply(done(saved("d.webp"), saved("c.png"), animated=False)))

    assert (seen.phase, seen.outputs) == (Phase.FAILED, ())
    assert seen.error is not None
    assert seen.error.code is Code.NO_OUTPUT


def test_the_chosen_node_s_clip_comes_first():
    body = job("completed", outputs={"8": {"gifs": [saved("a.mp4")]}, "10": {"images": [saved("b.mp4")]}})

    assert names(poll(reply(body), on=using(output="10"))) == ["b.mp4", "a.mp4"]
    assert names(poll(reply(body), on=using("wan", output="10"), ref=f"{ID}@wan")) == ["b.mp4", "a.mp4"]


@pytest.mark.parametrize("outputs", [None, [], "x", {"10": None}, {"10": [1]}])
def test_a_record_whose_files_cannot_be_read_is_asked_for_again(outputs):
    seen = poll(reply(job("completed", outputs=outputs)))

    assert (seen.phase, seen.outputs, seen.error) == (Phase.COMPLETED, (), None)


def test_a_failed_job_says_which_node_raised_what_and_keeps_paths_and_prompts_to_itself():
    seen = poll(reply(RECORDED["R-JOB-10"]["body"]))

    assert seen.error is not None
    assert seen.error.code is Code.UPSTREAM_FAILED
    assert seen.error.message.startswith("Video Slice: Failed to slice video: Source duration: 0.25")
    assert seen.outputs == ()
    assert "checkout" not in repr(seen)
    assert "VideoFromComponents" not in repr(seen)


@pytest.mark.parametrize(
    "words", ["case-sensitive key", "permission denied", "internal error", "Invalid value", "rate limit"]
)
def test_the_words_of_an_exception_mean_nothing_in_our_vocabulary(words):
    seen = poll(reply(failed(words)))

    assert seen.error is not None
    assert seen.error.code is Code.UPSTREAM_FAILED


def test_server_paths_in_an_exception_are_taken_out():
    seen = poll(reply(failed(r"No file C:\Users\kim\in.png or /home/kim/comfy/in.png")))

    assert "kim" not in repr(seen)


def test_a_cancelled_record_is_cancelled():
    assert poll(reply(job("cancelled"))).phase is Phase.CANCELLED


def test_an_unknown_job_is_lost_but_nothing_ends_by_it():
    seen = poll(UNKNOWN)

    assert (seen.phase, seen.lost) == (None, True)


# Servers without `/api/jobs`.


def test_an_older_server_is_asked_for_its_history_and_then_its_queue():
    played = play(
        DIALECT.poll(ID, channel()), NO_ROUTE, reply({}), reply(queue(running=("other",), pending=(ID,)))
    )

    assert [call.path for call in played.calls] == [f"/api/jobs/{ID}", f"/history/{ID}", "/queue"]
    assert played.result.phase is Phase.QUEUED


def test_a_job_that_ends_between_the_two_questions_is_not_lost():
    ended = reply(entry(history_of("success", "execution_success"), **{"10": {"images": [saved()]}}))

    assert poll(NO_ROUTE, reply({}), reply(queue()), ended).phase is Phase.COMPLETED


def test_a_job_in_neither_is_lost():
    seen = poll(NO_ROUTE, reply({}), reply(queue()), reply({}))

    assert (seen.phase, seen.lost) == (None, True)
    assert seen.trouble is not None
    assert seen.trouble.code is Code.UPSTREAM_LOST


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html></html>"),
        reply({"queue_running": []}),
        reply({"queue_running": [], "queue_pending": [7]}),
    ],
)
def test_a_queue_that_cannot_be_read_loses_nobody(answer):
    seen = poll(NO_ROUTE, reply({}), answer)

    assert (seen.phase, seen.lost) == (None, False)


def test_a_channel_may_say_that_its_server_has_no_jobs_route():
    played = play(DIALECT.poll(ID, channel(api="history")), reply({}), reply(queue(running=(ID,))))

    assert [call.path for call in played.calls] == [f"/history/{ID}", "/queue"]
    assert played.result.phase is Phase.IN_PROGRESS


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        (None, Phase.COMPLETED),
        (history_of("success", "execution_success"), Phase.COMPLETED),
        (history_of("error", "execution_error", exception_message="boom"), Phase.FAILED),
        (history_of("error", "execution_interrupted"), Phase.CANCELLED),
        (history_of("pondering", "execution_start"), None),
        ({"messages": "x"}, None),
        ("success", None),
    ],
)
def test_a_history_entry_tells_an_interrupt_from_a_failure(status, phase):
    body = entry(status, **{"10": {"images": [saved()]}})

    assert poll(reply(body), on=channel(api="history")).phase is phase


# Many jobs.

A, B, C = (f"00000000-0000-4000-8000-00000000000{n}" for n in "abc")


def test_the_living_are_told_by_one_list_and_the_ended_left_to_be_asked_about():
    body = {"jobs": [job(id=A), job("pending", id=B), done() | {"id": C}, job("failed", id=C)]}
    played = play(DIALECT.poll_many([A, f"{B}@wan", C], channel()), reply(body))

    assert played.call.query == (("status", "pending,in_progress"), ("sort_order", "asc"))
    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        A: Phase.IN_PROGRESS,
        f"{B}@wan": Phase.QUEUED,
    }


def test_an_older_server_lists_the_living_by_its_queue_and_running_wins():
    played = play(
        DIALECT.poll_many([A, B, C], channel()), NO_ROUTE, reply(queue(running=(A,), pending=(A, B)))
    )

    assert {ref: seen.phase for ref, seen in played.result.items()} == {A: Phase.IN_PROGRESS, B: Phase.QUEUED}


def test_trouble_with_the_channel_is_said_of_every_job_and_trouble_with_the_list_of_none():
    def many(answer):
        return play(DIALECT.poll_many([A, B], channel()), answer).result

    refused = many(reply({"error": "no"}, 401)).values()
    assert [seen.trouble and seen.trouble.code for seen in refused] == [Code.UNAUTHORIZED] * 2
    assert set(many(NoReply(sent=True, reason="t"))) == {A, B}
    assert many(reply(b"<html></html>")) == {}
    assert many(reply({"error": "Invalid status value(s): running."}, 400)) == {}


# Finding a job.


def find(*answers, given=None, on=None) -> Any:
    return play(DIALECT.find(given or submission(), on or channel(), frozenset()), *answers).result


def test_a_job_is_found_by_its_id_in_the_queue():
    assert find(reply(queue(pending=(A, ID)))) == Found(
        ref=ID, observation=Observation(phase=Phase.QUEUED, word="pending")
    )


def test_a_job_is_found_by_its_id_in_the_history_and_keeps_its_workflow():
    ended = reply(entry(history_of("success", "execution_success"), **{"10": {"images": [saved()]}}))
    found = find(reply(queue()), ended, given=submission(model="wan"), on=using("wan"))

    assert found.ref == f"{ID}@wan"
    assert found.observation.phase is Phase.COMPLETED


def test_an_older_server_s_own_id_is_found_by_the_client_id():
    assert find(reply(queue(running=("its-own",), client=ID))).ref == "its-own"


@pytest.mark.parametrize(
    ("text", "certain"), [("0.33.0", True), ("0.4.0", True), ("1.0", True), ("0.3.76", False), ("", False)]
)
def test_not_found_is_certain_where_the_server_keeps_ids_of_ours(text, certain):
    found = find(reply(queue()), reply({}), reply(version(text)))

    assert isinstance(found, NotFound)
    assert found.certain is certain


@pytest.mark.parametrize(
    "answers",
    [
        (NoReply(sent=True, reason="t"),),
        (reply({"queue_running": []}),),
        (reply(queue()), reply(b"<html></html>")),
        (reply(queue()), reply({"error": "no"}, 500)),
    ],
)
def test_a_listing_that_cannot_be_read_finds_nothing_out(answers):
    assert isinstance(find(*answers), Unclear)


def test_a_history_that_answers_with_another_job_proves_nothing():
    assert isinstance(find(reply(queue()), reply({A: {}})), Unclear)


# Cancelling.


def cancel(*answers, on=None) -> Any:
    return play(DIALECT.cancel(ID, on or channel()), *answers)


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize(
    ("record", "ended"),
    [
        (UNKNOWN, True),
        (reply(job("cancelled")), True),
        (reply(done()), False),
        (reply(job("in_progress")), False),
        (reply(job("pondering")), False),
        (reply(b"", 500), False),
    ],
)
def test_whatever_a_cancel_promises_the_record_says_whether_the_job_stopped(said, record, ended):
    played = cancel(reply({"cancelled": said}), record)

    assert [call.path for call in played.calls] == [f"/api/jobs/{ID}/cancel", f"/api/jobs/{ID}"]
    assert played.result.ended is ended
    assert ended or played.result.reason


NO_METHOD = reply(b"405: Method Not Allowed", 405)


def test_an_older_server_takes_a_waiting_job_out_of_its_queue():
    played = cancel(
        NO_METHOD,
        reply(queue(running=(A,), pending=(ID,))),
        reply(b""),
        *[reply({}), reply(queue()), reply({})],
    )

    assert (played.calls[2].path, played.calls[2].json) == ("/queue", {"delete": [ID]})
    assert played.result.ended


def test_an_older_server_is_interrupted_only_while_our_own_job_runs():
    interrupted = reply(entry(history_of("error", "execution_interrupted")))
    played = cancel(NO_METHOD, reply(queue(running=(ID,))), reply(b""), interrupted)

    assert (played.calls[2].path, played.calls[2].json) == ("/interrupt", {"prompt_id": ID})
    assert played.result.ended


def test_nothing_is_interrupted_for_a_job_that_is_not_in_the_queue():
    ended = reply(entry(history_of("success", "execution_success"), **{"10": {"images": [saved()]}}))
    played = cancel(reply(queue(running=(A,))), ended, on=channel(api="history"))

    assert [call.method for call in played.calls] == ["GET", "GET"]
    assert not played.result.ended


# The socket.

RUNNING = reply(job())
OPEN = reply(b"", 101)


def event(kind: str, **data: Any) -> Line:
    return Line(msgspec.json.encode({"type": kind, "data": {"prompt_id": ID} | data}).decode())


def listened(*messages, after=()) -> Any:
    return play(DIALECT.poll(ID, using(progress_node="3")), RUNNING, OPEN, *messages, *after)


def test_a_poll_listens_for_the_progress_of_the_node_that_counts():
    played = listened(
        event("status"),
        event("progress", node="5", value=9, max=10),
        event("progress", node="3", value=7, max=20),
    )
    _, socket = played.calls

    assert (socket.path, socket.query, socket.stream, socket.websocket) == (
        "/ws",
        (("clientId", ID),),
        True,
        True,
    )
    assert (played.result.phase, played.result.progress) == (Phase.IN_PROGRESS, 35)


def test_the_state_of_that_node_counts_too():
    nodes = {"3": {"value": 4, "max": 8, "state": "running"}, "5": {"value": 1, "max": 1}}

    assert listened(event("progress_state", nodes=nodes)).result.progress == 50


@pytest.mark.parametrize(
    "message",
    [
        event("progress", node="3", value=1, max=0),
        event("progress", node="3", value="x", max=2),
        event("progress", node="3", value=True, max=2),
        event("progress", node="3", value=1),
        event("progress", prompt_id=A, node="3", value=1, max=2),
        event("execution_success", prompt_id=A),
        event("executing", node="3"),
        Line("\x00\x00\x00\x01\ufffdPNG"),
        Line("[]"),
        Line('{"type": 7, "data": 7}'),
    ],
)
def test_a_message_that_says_nothing_of_it_is_passed_over(message):
    played = listened(message, after=(Closed(clean=False, reason="silence"),))

    assert (played.result.phase, played.result.progress) == (Phase.IN_PROGRESS, None)


@pytest.mark.parametrize(
    "message",
    [
        event("execution_success"),
        event("execution_error"),
        event("execution_interrupted"),
        event("executing", node=None),
    ],
)
def test_when_the_job_ends_meanwhile_its_record_says_how(message):
    played = listened(message, after=(reply(done()),))

    assert played.result.phase is Phase.COMPLETED


def test_a_talkative_socket_is_left_after_a_while():
    played = listened(*(event("executing", node="5") for _ in range(MOST_MESSAGES)))

    assert sum(isinstance(effect, Follow) for effect in played.effects) == MOST_MESSAGES


@pytest.mark.parametrize("answer", [NoReply(sent=True, reason="no socket"), reply(b"", 404)])
def test_without_a_socket_the_record_stands(answer):
    seen = poll(RUNNING, answer, on=using(progress_node="3"))

    assert seen.phase is Phase.IN_PROGRESS


# Bent answers.

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
JUNK = ANYTHING | st.just("x" * 200_000)
LIVING = st.sampled_from(["pending", "in_progress", "RUNNING", "queued", "pondering"])


@given(
    word=LIVING,
    drop=st.sets(st.sampled_from(["id", "priority", "create_time", "outputs_count"])),
    more=st.dictionaries(
        st.sampled_from(
            ["id", "outputs", "execution_error", "execution_status", "error", "message", "code", "detail"]
        ),
        JUNK,
        max_size=4,
    ),
    status=st.sampled_from([200, 400, 404, 429, 500]),
)
def test_a_bent_record_never_ends_a_living_job(word, drop, more, status):
    body = {name: value for name, value in job(word).items() if name not in drop} | more
    seen = poll(reply(body, status))

    assert seen.phase in {None, Phase.QUEUED, Phase.IN_PROGRESS}
    assert seen.outputs == ()


@given(name=st.sampled_from(sorted(RECORDED)), data=st.data())
def test_a_bent_recording_never_makes_a_flow_raise_nor_a_living_job_fail(name, data):
    recording = copy.deepcopy(RECORDED[name])
    if isinstance(recording["body"], dict) and recording["body"]:
        at = recording["body"]
        key = data.draw(st.sampled_from(sorted(at)))
        inner = at[key]
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            at, key = inner, data.draw(st.sampled_from(sorted(inner)))
        if data.draw(st.booleans()):
            del at[key]
        else:
            at[key] = data.draw(JUNK)
    complaints = io.StringIO()
    (line,) = lines([recording], {"comfyui": DIALECT}, complaints)

    assert [c for c in complaints.getvalue().splitlines() if "has no" not in c] == []
    if recording["expect"].get("status") in {"queued", "in_progress"}:
        assert b'"status":"failed"' not in line


@given(body=ANYTHING, status=st.integers(100, 599))
def test_no_answer_at_all_makes_a_flow_raise(body, status):
    answer, enough = reply(body, status), NoReply(sent=True, reason="enough")

    for flow in (
        DIALECT.poll(ID, channel()),
        DIALECT.poll_many([ID], channel()),
        DIALECT.find(submission(), channel(), frozenset()),
        DIALECT.cancel(ID, channel()),
        DIALECT.submit(submission(), channel()),
    ):
        effect = next(flow)
        try:
            while effect:
                effect = flow.send(answer)
                answer = enough
        except StopIteration:
            pass
        answer = reply(body, status)
