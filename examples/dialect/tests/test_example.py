"""The example's answers and what they mean, and whole flows against its simulator."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import pytest
from reelgate_example.example import DIALECT
from simulator import FAMILY

from reelgate.core.dialect import Channel, Phase, Submission
from reelgate.core.profile import Profile, parse_profiles
from reelgate.core.task import Request, Size, Verb
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from reelgate.testing.round_trip import TRIPS, Route

CHANNEL = Channel(
    id="chan_1",
    name="mine",
    dialect="example",
    base_url="https://api.example",
    secret="canary-secret-7f3a9c51",
)
SUBMISSION = Submission(
    request=Request(verb=Verb.CREATE, model="public", prompt="a paper boat", seconds=5, size=Size(1280, 720)),
    upstream_model="example-1",
    token="token-1",
    submitted_at_ms=1_762_000_000_000,
)


def job(**changes: Any) -> Any:
    return (reply({"id": "j1", "status": "RUNNING", "progress": "54%"} | changes),)


CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=SUBMISSION,
    ref="j1",
    accepted=job(status="WAITING"),
    refused=(reply({"error": {"message": "Bad size.", "code": "bad_size"}}, 400),),
    running=job(),
    completed=job(status="SUCCESS", url="https://cdn.example/1.mp4"),
    failed=job(status="FAILED", error={"message": "It broke.", "code": "broken"}),
    empty_completed=job(status="SUCCESS"),
    unknown_word=job(status="PONDERING"),
    error_in_200=(reply({"error": {"message": "Try later.", "code": "busy"}}),),
    running_at=lambda raw: job(progress=raw),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda c: c.__name__)
def test_it_conforms(check: Any):
    check(CASE)


def test_a_submit_names_the_model_and_the_prompt_and_brings_the_key():
    call = play(DIALECT.submit(SUBMISSION, CHANNEL), *CASE.accepted).call

    assert (call.method, call.path) == ("POST", "/jobs")
    assert call.json == {"model": "example-1", "prompt": "a paper boat"}
    assert call.headers["Authorization"] == f"Bearer {CHANNEL.secret}"


def test_a_running_job_reports_its_progress():
    seen = play(DIALECT.poll("j1", CHANNEL), *job()).result

    assert (seen.phase, seen.progress, seen.word) == (Phase.IN_PROGRESS, 54, "RUNNING")


def facts() -> Profile:
    text = importlib.resources.files("reelgate_example").joinpath("example.toml").read_text("utf-8")
    profile = parse_profiles(text).find("example-1")
    assert profile is not None
    return profile


def test_the_facts_beside_it_can_be_read():
    assert facts().quote(5) == 100_000


@pytest.mark.parametrize("trip", TRIPS, ids=lambda t: t.__name__)
async def test_it_gets_there_and_back(trip: Any, tmp_path: Path):
    await trip(Route(dialect=DIALECT, family=FAMILY, profile=facts(), folder=tmp_path))
