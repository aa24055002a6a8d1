"""Recorded answers read by the registered dialects' own flows, and nothing read by anything else."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Channel,
    Effect,
    Follow,
    Line,
    Moment,
    Now,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.words import classify_submit, nothing_learned, phase_of, trouble_of
from reelgate.testing.replay import Recording, Seen, Unreadable, lines, registered, replay

CONTRACTS = Path(__file__).parent.parent / "contracts"
DIALECTS = registered(io.StringIO())
GIVEN: list[dict[str, Any]] = [
    vector
    for name in ("vectors.json", "comfyui-recorded.json")
    for vector in json.loads((CONTRACTS / name).read_text("utf-8"))
]
SPOKEN = [vector for vector in GIVEN if vector["dialect"] in DIALECTS]
SHOWN = {"status", "progress", "url", "error_code", "retryable", "keep_state"}
UNSAID = {"unknown_outcome": None}
"""Words of the recordings for "nothing is known", which is shown as null."""


def read(vector: Mapping[str, Any], dialects: Mapping[str, Any] = DIALECTS) -> Seen:
    return replay(msgspec.convert(vector, Recording, strict=False), dialects)


def readable(vector: Mapping[str, Any]) -> bool:
    try:
        read(vector)
    except Unreadable:
        return False
    return True


@pytest.mark.parametrize("vector", SPOKEN, ids=lambda vector: vector["id"])
def test_a_given_answer_is_read_as_it_is_meant(vector):
    if not readable(vector):
        # An operation the recordings expect nothing of may have no reader.
        assert not {"status", "error_code", "url", "upstream_id", "keep_state"} & vector["expect"].keys()
        return
    seen, told = read(vector), vector["expect"]

    for name in SHOWN & told.keys():
        assert getattr(seen, name) == UNSAID.get(told[name], told[name]), (name, seen)
    if "needs_second_call" in told:
        assert seen.needs_second_call
    else:
        # Where nothing is known yet, a flow may look elsewhere; what is known needs no more calls.
        assert not (seen.needs_second_call and seen.status is not None)
    if "upstream_id" in told:
        assert seen.ref == told["upstream_id"]


# Damage.

_WORDS = (
    "status",
    "task_status",
    "state",
    "status_str",
    "object",
    "done",
    "completed",
    "code",
    "status_code",
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
HUGE = st.sampled_from(["x" * 200_000, "9" * 5_000, "[" * 5_000])


@st.composite
def damaged(draw: st.DrawFn, body: Any) -> Any:
    """`body` with keys gone and values replaced; a status word becomes one that nobody knows."""
    if isinstance(body, list):
        return [draw(damaged(item)) for item in body][: draw(st.integers(0, len(body)))]
    if not isinstance(body, dict):
        return body
    bent: dict[str, Any] = {}
    for name, value in body.items():
        match draw(st.integers(0, 4)):
            case 0:
                continue
            case 1 if name in _WORDS:
                bent[name] = draw(st.none() | st.sampled_from(["pondering", "", "状态", "x" * 9_999]))
            case 1 if name not in {"error", "node_errors"}:
                bent[name] = draw(SCALARS | HUGE | st.lists(SCALARS, max_size=2))
            case _:
                bent[name] = draw(damaged(value))
    return bent


@pytest.mark.parametrize("vector", [v for v in SPOKEN if readable(v)], ids=lambda vector: vector["id"])
@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
def test_a_damaged_answer_never_raises_and_never_ends_a_living_job(vector, data):
    bent = vector | {"body": data.draw(damaged(vector["body"]))}
    if isinstance(vector["body"], str):
        bent["body"] = vector["body"][: data.draw(st.integers(0, len(vector["body"])))]

    seen = read(bent)

    if vector["expect"].get("status") in {"queued", "in_progress"}:
        assert seen.status in {None, Phase.QUEUED, Phase.IN_PROGRESS}, seen
    assert seen.progress is None or 0 <= seen.progress <= 100


@pytest.mark.parametrize("body", [None, "", "<html>502</html>", [], [1], "x" * 100_000], ids=repr)
@pytest.mark.parametrize("name", sorted({v["dialect"] for v in SPOKEN}))
def test_foreign_bodies_keep_a_job_as_it_is(name, body):
    asked = [v for v in SPOKEN if v["dialect"] == name and v["op"].startswith("query") and readable(v)]
    for vector in asked[:1]:
        seen = read(vector | {"body": body, "http_status": 200, "content_type": "text/html"})
        assert (seen.status, seen.keep_state, seen.url) == (None, True, None)


# How it reads.


class Toy:
    """A dialect with an operation of its own, a second call, and a stream."""

    name = "toy"
    recorded = Recorded(
        names=("toy_files",),
        ops={"toy_files/get": "read_file", "hook": "hear", "chat": "listen", "odd": "wants_more"},
        base="/v1",
        ref="kind/{id}",
    )

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        assert isinstance((yield Now()), Moment)
        answer = yield Call(method="POST", path="/jobs")
        body = (answer.object() if isinstance(answer, Reply) else None) or {}
        if isinstance(body.get("id"), str):
            return Accepted(ref=f"kind/{body['id']}", upstream_id=body["id"])
        return classify_submit(answer) or Unclear(reason="no id")

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        answer = yield Call(method="GET", path=f"/jobs/{ref}")
        job = answer.object() if isinstance(answer, Reply) else None
        if job is None or not isinstance(job.get("status"), str):
            return nothing_learned(trouble_of(answer))
        phase = phase_of(job["status"])
        if "file" in job:
            yield Call(method="GET", path="/files", seen=Observation(phase=phase, word=job["status"]))
        output = Output(call=Call(method="GET", path=f"/{ref}/content", query=(("a", "b c"),)))
        outputs = (output,) if job.get("clip") else ()
        error = Failure(code=Code.UPSTREAM_FAILED, message="no") if phase is Phase.FAILED else None
        return Observation(phase=phase, outputs=outputs, error=error, progress=job.get("progress"))

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        answer = yield Call(method="GET", path="/jobs")
        jobs = answer.json() if isinstance(answer, Reply) else None
        known = jobs if isinstance(jobs, list) else []
        return {j["id"]: Observation(phase=phase_of(j["status"])) for j in known if j["id"] in refs}

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        answer = yield Call(method="DELETE", path=f"/jobs/{ref}")
        return CancelOutcome(ended=isinstance(answer, Reply) and answer.status == 200)

    def read_file(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        yield Call(method="GET", path=f"/files/{ref}")
        return Observation(phase=Phase.COMPLETED, outputs=(Output(url=f"{channel.base_url}/f"),))

    def hear(self, reply: Reply, now_ms: int) -> Observation:
        return Observation(phase=phase_of((reply.object() or {}).get("word")))

    def listen(self, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        yield Call(method="POST", path="/chat", stream=True)
        seen = None
        while isinstance(line := (yield Follow(seen=seen)), Line):
            seen = Observation(phase=Phase.IN_PROGRESS, progress=int(line.text))
        return Unclear(reason="cut")

    def wants_more(self, weather: str) -> None: ...


TOYS = {"toy": Toy(), "toy_files": Toy()}


def toy(op: str, body: Any = None, status: int = 200, dialect: str = "toy", **more: Any) -> Seen:
    return read({"id": "T", "dialect": dialect, "op": op, "http_status": status, "body": body, **more}, TOYS)


def test_an_accepted_submit_is_queued_and_shows_the_upstreams_own_id():
    seen = toy("submit", {"id": "k1"})

    assert (seen.status, seen.ref, seen.keep_state) == (Phase.QUEUED, "k1", False)


def test_a_refusal_shows_its_code_and_no_status():
    seen = toy("submit", {"error": {"message": "slow down", "type": "t"}}, 429)

    assert (seen.status, seen.error_code, seen.retryable, seen.keep_state) == (
        None,
        Code.RATE_LIMITED,
        True,
        False,
    )


def test_a_doubtful_submit_shows_that_nothing_is_known():
    seen = toy("submit", "<html>", 502)

    assert (seen.status, seen.error_code, seen.retryable) == (None, Code.SUBMISSION_UNKNOWN, False)
    assert seen.keep_state


def test_an_error_is_read_as_a_refusal_or_else_as_trouble_of_a_poll():
    assert toy("error", {"error": {"message": "no", "type": "t"}}, 401).error_code is Code.UNAUTHORIZED
    page = toy("error", "<html>wrong path</html>", content_type="text/html")
    assert (page.error_code, page.keep_state) == (Code.BAD_GATEWAY_PAYLOAD, True)


def test_a_clip_behind_the_channel_is_shown_below_the_base():
    seen = toy("query", {"id": "j1", "status": "done", "clip": True})

    assert (seen.status, seen.progress) == (Phase.COMPLETED, 100)
    assert seen.url == "{base}/v1/kind/j1/content?a=b+c"


def test_completed_without_a_clip_is_not_believed_yet():
    seen = toy("query", {"id": "j1", "status": "done"})

    assert (seen.status, seen.error_code, seen.keep_state) == (None, Code.NO_OUTPUT, True)


def test_a_flow_that_asks_on_stops_with_what_it_has_seen():
    seen = toy("query", {"id": "j1", "status": "done", "file": "f1"})

    assert (seen.status, seen.progress, seen.needs_second_call, seen.error_code) == (
        Phase.COMPLETED,
        100,
        True,
        None,
    )


def test_an_unknown_word_keeps_the_state():
    seen = toy("query", {"id": "j1", "status": "pondering", "progress": 5})

    assert (seen.status, seen.keep_state, seen.progress) == (None, True, 5)


def test_progress_of_a_stream_is_the_furthest_it_said():
    seen = toy("chat", "9\n54\n36\n", content_type="text/event-stream")

    assert (seen.progress, seen.error_code) == (54, Code.SUBMISSION_UNKNOWN)


def test_a_name_and_its_operation_may_have_a_reader_of_their_own():
    assert toy("get", {}, dialect="toy_files").url == "{base}/v1/f"
    assert toy("hook", {"word": "running"}).status is Phase.IN_PROGRESS


def test_a_list_shows_its_first_job_and_a_useless_one_its_trouble():
    seen = toy("list", [{"id": "a", "status": "running"}, {"id": "b", "status": "queued"}])
    bad = toy("list", {"error": "bad status"}, 400)

    assert (seen.ref, seen.status) == ("a", Phase.IN_PROGRESS)
    assert (bad.status, bad.error_code, bad.keep_state) == (None, Code.INVALID_REQUEST, True)


def test_a_cancel_that_stopped_nothing_keeps_the_state():
    assert toy("cancel", {}).status is Phase.CANCELLED
    assert toy("cancel", {}, 409).keep_state


@pytest.mark.parametrize(
    ("more", "ref"),
    [
        ({"request": {"path": "/jobs?task_id=q1"}, "body": {"id": "other"}}, "kind/q1"),
        ({"body": {"data": {"task_id": "d1"}}}, "kind/d1"),
        ({"request": {"path": "/jobs/0f0e0d0c-0b0a/cancel"}, "body": {}}, "kind/0f0e0d0c-0b0a"),
        ({"body": {"0f0e0d0c-0b0a": {}}}, "kind/0f0e0d0c-0b0a"),
        ({"body": {}}, "kind/ref-1"),
    ],
)
def test_the_ref_asked_about_is_found_in_the_request_or_the_answer(more, ref):
    asked: list[str] = []

    class Asked(Toy):
        def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
            asked.append(ref)
            return (yield from super().poll(ref, channel))

    read({"id": "T", "dialect": "toy", "op": "query", **more}, {"toy": Asked()})

    assert asked == [ref]


def test_headers_and_bytes_of_a_recording_reach_the_dialect():
    raw = {
        "id": "T",
        "dialect": "toy",
        "op": "query",
        "headers": {"Retry-After": "7"},
        "content_type": "image/png",
    }
    recording = msgspec.convert(raw | {"bytes": {"head_hex": "89504e47"}}, Recording)

    assert recording.reply.headers == {"retry-after": "7", "content-type": "image/png"}
    assert recording.reply.body == b"\x89PNG"


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"id": "T", "dialect": "nobody", "op": "query"}, "T: no registered dialect speaks `nobody`"),
        ({"id": "T", "dialect": "toy", "op": "upload"}, "T: `toy` has no `upload`"),
        ({"id": "T", "dialect": "toy", "op": "odd"}, "T: `wants_more` wants weather"),
        ({"id": "T", "dialect": "toy"}, "T: ValidationError"),
        (7, "0: ValidationError"),
    ],
)
def test_what_cannot_be_read_is_said_and_shown_empty(raw, complaint):
    complaints = io.StringIO()
    (line,) = lines([raw], TOYS, complaints)

    assert complaints.getvalue().startswith(complaint)
    assert json.loads(line) == {
        "id": "T" if isinstance(raw, dict) else "0",
        "status": None,
        "progress": None,
        "ref": None,
        "url": None,
        "error_code": None,
        "retryable": False,
        "keep_state": False,
        "needs_second_call": False,
    }


def test_a_flow_that_refuses_before_it_asks_did_not_read_the_answer():
    class Choosy(Toy):
        def submit(
            self, submission: Submission, channel: Channel
        ) -> Generator[Effect, Answer, SubmitOutcome]:
            return Refused(failure=Failure(code=Code.INVALID_REQUEST, message="no"))
            yield

    with pytest.raises(Unreadable, match="without asking"):
        read({"id": "T", "dialect": "toy", "op": "submit", "body": {"id": "j"}}, {"toy": Choosy()})


def test_the_command_reads_an_array_and_prints_a_line_for_each():
    asked = [v for v in SPOKEN if v["dialect"] == "openai_videos"] + [
        {"id": "X", "dialect": "nobody", "op": "query"}
    ]
    done = subprocess.run(
        [sys.executable, "-m", "reelgate.testing.replay"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [v["id"] for v in asked]
    assert "X: no registered dialect speaks `nobody`" in done.stderr


def test_the_command_refuses_what_is_no_array():
    done = subprocess.run(
        [sys.executable, "-m", "reelgate.testing.replay"],
        input="{}",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
