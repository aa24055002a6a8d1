from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import pytest

from reelgate.core.dialect import (
    CAPABILITIES,
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Channel,
    Effect,
    Observation,
    Phase,
    Reply,
    Submission,
    SubmitOutcome,
    capabilities,
)


class Plain:
    """A dialect with what every dialect has and nothing more."""

    name = "plain"

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        yield Call(method="POST", path="/jobs")
        return Accepted(ref="1")

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        yield Call(method="GET", path=f"/jobs/{ref}")
        return Observation(phase=Phase.QUEUED)


class Stopping(Plain):
    """A dialect that can also stop a job and ask about many."""

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        yield Call(method="DELETE", path=f"/jobs/{ref}")
        return CancelOutcome(ended=True)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        yield Call(method="GET", path="/jobs")
        return {}


def test_a_missing_method_means_not_offered():
    assert capabilities(Plain()) == frozenset()
    assert capabilities(Stopping()) == {"cancel", "poll_many"}
    assert capabilities(Stopping()) <= set(CAPABILITIES)


def reply(body: bytes, label: str = "application/json") -> Reply:
    return Reply(status=200, headers={"content-type": label}, body=body)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502</html>", b"\xff\xfe", b'{"a":', b"[" * 100_000, b'"half', b"NaN"],
    ids=["empty", "html", "not utf-8", "cut", "deep", "cut text", "nan"],
)
def test_what_is_not_json_is_none_whatever_its_label_says(body: bytes):
    assert reply(body).json() is None
    assert reply(body).object() is None


def test_json_that_is_no_object_is_no_object():
    assert reply(b"[1]").json() == [1]
    assert reply(b"[1]").object() is None
    assert reply(b'{"a": 1}', "text/html").object() == {"a": 1}


@pytest.mark.parametrize(
    ("label", "media_type"),
    [("video/MP4; codecs=avc1", "video/mp4"), (" text/html ", "text/html"), ("", "")],
)
def test_a_media_type_is_compared_without_its_parameters(label: str, media_type: str):
    assert reply(b"", label).media_type == media_type


def test_a_channel_does_not_show_its_secret():
    channel = Channel(
        id="chan_1", name="studio", dialect="plain", base_url="http://127.0.0.1", secret="canary"
    )

    assert "canary" not in repr(channel)
    assert "canary" not in f"{channel}"
