"""`reelgate models` and `reelgate videos why`: what can be asked for, when it ends, what upstreams list, and why."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from reelgate.testing.simulators import Simulator, families
from tests.cli.conftest import Command

PATIENCE_S = 60.0


@contextmanager
def simulated(name: str) -> Generator[str]:
    """Run a simulator beside the test, as commands run a loop of their own; gives its base address."""
    started, stop = threading.Event(), threading.Event()
    where: list[str] = []

    async def work() -> None:
        async with Simulator(families()[name]) as simulator:
            where.append(simulator.base_url)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    try:
        assert started.wait(PATIENCE_S)
        yield where[0]
    finally:
        stop.set()
        thread.join(PATIENCE_S)


def connect(reelgate: Command, dialect: str, base_url: str, *models: str, more: tuple[str, ...] = ()) -> None:
    named = [word for model in models for word in ("--model", model)]
    done = reelgate(
        *("channels", "add", dialect, "--dialect", dialect, "--base-url", base_url, "--self-hosted"),
        *("--secret-file", "-", *named, *more),
        stdin=families()[dialect].key,
    )
    assert done.code == 0, done.err


@pytest.mark.parametrize("words", [("models",), ("models", "list")])
def test_models_alone_lists_them(reelgate: Command, words: tuple[str, ...]):
    listed = reelgate(*words)

    assert listed.code == 0, listed.err
    assert "animatic-1 (drawn, not generative)" in listed.out


def test_one_model_is_shown_with_what_it_can_do(reelgate: Command):
    shown = reelgate("models", "show", "sora-2")

    assert shown.code == 0, shown.err
    assert "1-60" in shown.out
    assert reelgate("models", "show", "nobody").code != 0


def test_a_name_is_given_to_another_model_and_taken_back(reelgate: Command):
    assert reelgate("models", "alias", "old-name", "animatic-1").code == 0
    assert reelgate("models", "show", "old-name", "--json").json()["alias_of"] == "animatic-1"

    assert reelgate("models", "alias", "old-name", "--remove").code == 0
    assert reelgate("models", "alias", "old-name", "--remove").code != 0
    assert reelgate("models", "alias", "old-name", "nobody").code != 0
    assert reelgate("models", "alias", "old-name", "old-name").code != 0


def test_what_could_stand_in_for_a_name_is_worked_out(reelgate: Command):
    found = reelgate("models", "alias", "sora-2-all", "--json").json()

    # The renderer draws and does not generate, but it can make what that model made.
    assert found == {"name": "sora-2-all", "alias_of": None, "suggestions": ["animatic-1"]}
    assert reelgate("models", "alias", "unheard-of", "--json").json()["suggestions"] == []


def test_the_doctor_names_what_is_gone_and_new_at_an_upstream(reelgate: Command):
    with simulated("openai_videos") as base_url:
        connect(reelgate, "openai_videos", base_url, "sora-2", "lost=no-such-model")
        looked = reelgate("models", "doctor", "openai_videos", "--json")
        told = reelgate("models", "doctor", "openai_videos")

    (found,) = looked.json()["channels"]
    differences = {(d["kind"], d["model"]) for d in found["differences"]}
    assert found["state"] == "compared"
    assert differences == {("gone", "lost"), ("new", "sora-2-pro")}
    assert looked.code == told.code == 1
    assert "gone: the upstream lists no no-such-model" in told.out


def test_the_doctor_takes_over_what_no_file_knows_when_told_to(reelgate: Command):
    with simulated("reelgate") as base_url:
        model = families()["reelgate"].model
        connect(reelgate, "reelgate", base_url, f"far={model}")
        before = reelgate("models", "show", "far", "--json").json()["video"]
        assert reelgate("models", "doctor", "reelgate").code == 0
        assert reelgate("models", "show", "far", "--json").json()["video"] == before
        told = reelgate("models", "doctor", "reelgate", "--learn", "--json").json()["channels"][0]
        after = reelgate("models", "show", "far", "--json").json()["video"]

    assert told["learned"] == [model]
    assert (before["seconds"], after["seconds"]) == (None, {"min": 1, "max": 60})


def test_the_doctor_tells_what_an_upstream_says_otherwise(reelgate: Command):
    with simulated("openrouter") as base_url:
        connect(reelgate, "openrouter", base_url, "veo=google/veo-3.1")
        found = reelgate("models", "doctor", "openrouter", "--json").json()["channels"][0]

    (price,) = [d for d in found["differences"] if d["kind"] == "price"]
    assert (price["model"], price["what"], price["there"]) == ("veo", "price_per_second", "0.10")


def test_the_doctor_says_when_an_upstream_cannot_be_asked(reelgate: Command):
    connect(reelgate, "openai_videos", "http://127.0.0.1:9/v1", "sora-2")

    (found,) = reelgate("models", "doctor", "openai_videos", "--json").json()["channels"]

    assert found["state"] == "nothing_usable"
    assert reelgate("models", "doctor", "nobody").code != 0


def test_the_doctor_says_what_ends(reelgate: Command):
    connect(reelgate, "juxin_unified", "http://127.0.0.1:9", "sora-2-old=sora-2")

    told = reelgate("models", "doctor", "juxin_unified")

    assert "sora-2-old on juxin_unified: ended 2026-09-24; instead: animatic-1" in told.out


def test_why_a_clip_went_where_it_went_is_shown(reelgate: Command):
    with reelgate.serving():
        made = reelgate(
            "generate", "a red kite", "--seconds", "1", "--size", "128x128", "--no-wait", "--json"
        ).json()
        reelgate("videos", "get", made["id"], "--wait")
        told = reelgate("videos", "why", made["id"])
        shown = reelgate("videos", "why", made["id"], "--json").json()

    assert told.code == 0, told.err
    assert "chosen" in told.out
    assert (shown["id"], shown["status"]) == (made["id"], "completed")
    assert shown["effective"]["served_by"] == "animatic-1"
    assert reelgate("videos", "why", "video_nobody").code != 0


def test_the_doctor_of_the_installation_warns_of_models_that_end(reelgate: Command):
    well = reelgate("doctor", "--json").json()
    connect(reelgate, "juxin_unified", "http://127.0.0.1:9", "sora-2-old=sora-2")

    warned = reelgate("doctor", "--json").json()

    assert {c["state"] for c in well if c["check"] == "models"} == {"ok"}
    (check,) = [c for c in warned if c["check"] == "models"]
    assert check["state"] == "warn"
    assert "sora-2-old (juxin_unified) 2026-09-24" in check["finding"]
