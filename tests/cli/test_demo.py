"""The demo: the main job through the official SDK, whole, and again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PIL import Image

from reelgate.cli.picture import draw
from reelgate.media import intake
from tests.cli.conftest import Command


def test_the_demo_leaves_a_playable_clip_and_names_it_on_its_last_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ran = Command(tmp_path / "unused", home).process("demo", "--data", str(tmp_path / "demo"))
    assert ran.code == 0, ran.err
    last = Path(ran.out.splitlines()[-1])
    assert last == tmp_path / "demo" / "demo.mp4"
    clip = asyncio.run(intake.probe(last))
    assert (clip.width, clip.height, clip.has_audio) == (720, 1280, True)
    assert clip.seconds == pytest.approx(4, abs=0.2)
    assert "not a generative model" in ran.out
    assert "administrator key" in ran.err
    assert not (tmp_path / "demo" / "server.json").exists()


@pytest.mark.slow
def test_the_demo_can_be_run_again_on_its_own_folder(tmp_path: Path) -> None:
    command = Command(tmp_path / "demo", tmp_path)
    for _ in range(2):
        ran = command.process("demo", "--json", env={"REELGATE_DATA": str(tmp_path / "demo")})
        assert ran.code == 0, ran.err
        assert ran.json()["file"] == str(tmp_path / "demo" / "demo.mp4")


def test_a_demo_beside_a_server_on_its_folder_fails_in_words(tmp_path: Path) -> None:
    command = Command(tmp_path / "demo", tmp_path)
    with command.serving() as address:
        ran = command.process("demo")
    assert ran.code == 5
    assert address in ran.err


def test_the_reference_picture_is_always_the_same_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    draw(first, 180, 320)
    draw(second, 180, 320)
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as picture:
        assert picture.size == (180, 320)
        colours = picture.getcolors(180 * 320)
    assert colours is not None
    assert len(colours) > 1000
