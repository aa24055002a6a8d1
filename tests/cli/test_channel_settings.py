"""A channel's settings come from the command line or from files, and are checked before anything is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelgate.dialects import recipe
from tests.cli.conftest import Command

SAMPLE = Path(recipe.__file__).parent / "samples" / "juxin.toml"
ADD = ("channels", "add", "relay", "--base-url", "https://relay.example", "--model", "sora-2")


def test_a_recipe_comes_from_a_file(reelgate: Command) -> None:
    added = reelgate(*ADD, "--dialect", "recipe", "--setting", f"recipe=@{SAMPLE}")

    assert added.code == 0, added.err
    assert "relay" in reelgate("channels", "list").out


def test_a_recipe_with_a_wrong_key_is_refused_naming_it(reelgate: Command) -> None:
    text = reelgate.home / "wrong.toml"
    text.write_text(SAMPLE.read_text("utf-8").replace("[create]\npath", "[create]\npth"), "utf-8")

    ran = reelgate(*ADD, "--dialect", "recipe", "--setting", f"recipe=@{text}")

    assert ran.code == 2
    assert "`pth`" in ran.err
    assert "recipe.create" in ran.err
    assert "relay" not in reelgate("channels", "list").out


def test_workflows_come_from_a_json_file_and_plain_values_from_the_line(reelgate: Command) -> None:
    graph = '{"*": {"graph": {"6": {"class_type": "T", "inputs": {}}}, "inputs": {"prompt": "6.text"}}}'
    (reelgate.home / "w.json").write_text(graph, "utf-8")
    given = ("--dialect", "comfyui", "--setting", f"workflows=@{reelgate.home / 'w.json'}")

    assert reelgate(*ADD, *given, "--setting", "api=soap").code == 2
    assert reelgate(*ADD, *given, "--setting", "api=history").code == 0


@pytest.mark.parametrize("given", ["recipe", "=x", "recipe=@/nowhere/at/all"])
def test_a_setting_that_cannot_be_read_is_refused_as_usage(reelgate: Command, given: str) -> None:
    ran = reelgate(*ADD, "--dialect", "recipe", "--setting", given)

    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_a_setting_nobody_reads_is_refused_with_those_there_are(reelgate: Command) -> None:
    ran = reelgate(
        *ADD, "--dialect", "openai_videos", "--setting", "encoding=json", "--setting", "colour=red"
    )

    assert ran.code == 2
    assert "`colour`" in ran.err
    assert "auth, encoding, content, cancel, list_complete" in ran.err
    assert "relay" not in reelgate("channels", "list").out
