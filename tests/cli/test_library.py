"""`reelgate library`: a folder of clips and the old JSON files go in, everything comes out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from reelgate.testing.upstream.clip import clip
from tests.cli.conftest import Command


def test_a_folder_with_its_old_files_comes_in_once_and_goes_out_whole(
    reelgate: Command, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    (old / "downloads").mkdir(parents=True)
    (old / "data").mkdir()
    (old / "downloads" / "boat.mp4").write_bytes(clip(seconds=2))
    (old / "downloads" / "broken.mp4").write_bytes(b"no clip")
    history = [
        {"id": "task_1", "prompt": "一只船", "video_url": "https://example.invalid/boat.mp4"},
        {"id": "task_2", "prompt": "gone"},
    ]
    figures = [
        {"id": "ch_1", "username": "ming", "fromTask": "task_1", "timestamps": "0.5,1.5"},
        {"id": "ch_2", "username": "lost", "fromTask": "task_2", "timestamps": "0,1"},
    ]
    (old / "data" / "history.json").write_text(json.dumps({"history": history}), encoding="utf-8")
    (old / "data" / "characters.json").write_text(json.dumps(figures), encoding="utf-8")

    told = reelgate("library", "import", str(old), "--json").json()
    again = reelgate("library", "import", str(old), "--json").json()
    out = tmp_path / "all.zip"
    written = reelgate("library", "export", str(out))

    assert (len(told["items"]), told["characters"]) == (1, ["ming"])
    assert {one["what"] for one in told["left_out"]} == {"broken.mp4", "task_2", "lost"}
    assert (again["items"], again["known"]) == (told["items"], ["boat.mp4"])
    assert written.code == 0, written.err
    with zipfile.ZipFile(out) as archive:
        items = json.loads(archive.read("items.json"))
        assert archive.testzip() is None
    assert {one["kind"] for one in items} == {"clip", "character"}
    assert [one["recipe"]["prompt"] for one in items if one["kind"] == "clip"] == ["一只船"]


def test_an_old_file_that_is_broken_is_named_and_nothing_is_brought_in(
    reelgate: Command, tmp_path: Path
) -> None:
    (tmp_path / "history.json").write_text("{", encoding="utf-8")

    ran = reelgate("library", "import", str(tmp_path))

    assert ran.code != 0
    assert "history.json" in ran.err
