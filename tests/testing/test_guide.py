"""The dialect in the guide is a real one: it is read out of the page and held to the suite."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelgate.core.profile import parse_profiles
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import reply
from tests.dialects.openai_videos.case import channel, submission

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "write-a-dialect.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Any]:
    source = tmp_path / "guide_example.py"
    source.write_text(blocks("python")[0])
    spec = importlib.util.spec_from_file_location("guide_example", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["guide_example"] = module
    spec.loader.exec_module(module)
    yield module.DIALECT
    del sys.modules["guide_example"]


def job(**changes: Any) -> Any:
    return (reply({"id": "j1", "status": "running", "progress": "54%"} | changes),)


def case(dialect: Any) -> Case:
    return Case(
        dialect=dialect,
        channel=channel(),
        submission=submission(),
        ref="j1",
        accepted=job(),
        refused=(reply({"error": "no"}, 400),),
        running=job(),
        completed=job(status="succeeded", url="https://cdn.example/1.mp4"),
        failed=job(status="failed", error="It broke."),
        empty_completed=job(status="succeeded"),
        unknown_word=job(status="pondering"),
        error_in_200=(reply({"error": {"message": "moved"}}),),
        running_at=lambda raw: job(progress=raw),
    )


@pytest.mark.parametrize("number", range(len(checks(case(None)))))
def test_the_guides_dialect_conforms(example, number):
    check = checks(case(example))[number]

    check(case(example))


def test_the_guides_profile_can_be_read():
    (profiles,) = blocks("toml")

    assert parse_profiles(profiles).find("example-1") is not None
