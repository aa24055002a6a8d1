"""The command with a server running, and as its own Reelgate without one: real processes, real clips."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reelgate.cli.picture import draw
from reelgate.cli.session import Session
from reelgate.media import intake
from tests.cli.conftest import PATIENCE_S, Command

SMALL = ("--seconds", "1", "--size", "128x128")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Command, str]]:
    """Give the command on a data folder where a server runs, and the server's address."""
    root = tmp_path_factory.mktemp("served")
    (root / "home").mkdir()
    command = Command(root / "data", root / "home")
    with command.serving() as address:
        yield command, address


@pytest.fixture
def reelgate(served: tuple[Command, str]) -> Command:
    """Give the command beside a running server."""
    return served[0]


def _playable(path: Path, seconds: float = 1.0) -> None:
    clip = asyncio.run(intake.probe(path))
    assert (clip.media_type, clip.width, clip.height, clip.has_audio) == ("video/mp4", 128, 128, True)
    assert clip.seconds == pytest.approx(seconds, abs=0.2)


def _status(address: str, key: str) -> int:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", "/v1/videos", headers={"authorization": f"Bearer {key}"})
        return connection.getresponse().status
    finally:
        connection.close()


def _make(reelgate: Command, prompt: str = "A paper boat") -> dict[str, Any]:
    ran = reelgate("generate", prompt, *SMALL, "--json")
    assert ran.code == 0, ran.err
    return ran.json()


def test_generate_asks_the_running_server_and_leaves_a_playable_clip(
    reelgate: Command, tmp_path: Path
) -> None:
    picture, clip = tmp_path / "boat.png", tmp_path / "boat.mp4"
    draw(picture, 128, 128)
    ran = reelgate("generate", "A paper boat", *SMALL, "--image", str(picture), "-o", str(clip))
    assert ran.code == 0, ran.err
    assert ran.out.strip() == str(clip.resolve())
    assert "served by animatic-1" in ran.err
    _playable(clip)
    assert list(tmp_path.glob("*.part")) == []


def test_generate_into_a_folder_names_the_clip_by_its_id(reelgate: Command, tmp_path: Path) -> None:
    ran = reelgate("generate", "-", *SMALL, "-o", str(tmp_path), "--json", stdin="A boat from standard input")
    assert ran.code == 0, ran.err
    video = ran.json()
    assert video["file"] == str((tmp_path / f"{video['id']}.mp4").resolve())
    assert (video["status"], video["prompt"]) == ("completed", "A boat from standard input")


def test_generate_pours_the_clip_into_standard_output(reelgate: Command, tmp_path: Path) -> None:
    clip = tmp_path / "out.mp4"
    with clip.open("wb") as out:
        process = subprocess.run(
            [sys.executable, "-m", "reelgate.cli", "generate", "A boat", *SMALL, "-o", "-"],
            stdout=out,
            stderr=subprocess.PIPE,
            env=reelgate.environ(),
            cwd=reelgate.home,
            timeout=PATIENCE_S,
            check=False,
        )
    assert process.returncode == 0, process.stderr
    _playable(clip)
    assert reelgate("generate", "A boat", "-o", "-", "--json").code == 2


def test_a_clip_is_listed_shown_downloaded_changed_and_deleted(reelgate: Command, tmp_path: Path) -> None:
    video = _make(reelgate)
    page = reelgate("videos", "list", "--limit", "1", "--json").json()
    assert [v["id"] for v in page["data"]] == [video["id"]]
    assert video["id"] in reelgate("videos", "list").out
    shown = reelgate("videos", "get", video["id"])
    assert "sora-2 (served by animatic-1)" in shown.out
    assert "completed" in shown.out
    for variant, suffix in (("video", ".mp4"), ("thumbnail", ".webp"), ("spritesheet", ".jpg")):
        ran = reelgate("videos", "download", video["id"], "-o", str(tmp_path), "--variant", variant, "--json")
        assert ran.code == 0, ran.err
        assert Path(ran.json()["file"]).suffix == suffix
        assert Path(ran.json()["file"]).stat().st_size > 100
    remix = reelgate("videos", "remix", video["id"], "at night", "--json", "-o", str(tmp_path)).json()
    assert remix["remixed_from_video_id"] == video["id"]
    longer = reelgate(
        "videos", "extend", video["id"], "it sails on", "--seconds", "4", "--json", "-o", str(tmp_path)
    )
    assert longer.json()["seconds"] == "5"
    _playable(Path(longer.json()["file"]), 5.0)
    edited = reelgate("videos", "edit", video["id"], "in winter", "--json", "-o", str(tmp_path))
    assert edited.code == 0, edited.err
    gone = reelgate("videos", "delete", video["id"], "--json")
    assert gone.json() == {"id": video["id"], "object": "video.deleted", "deleted": True}
    assert reelgate("videos", "get", video["id"]).code == 3


def test_long_lists_are_read_page_by_page(reelgate: Command) -> None:
    made = {_make(reelgate, f"boat {n}")["id"] for n in range(3)}
    page = reelgate("videos", "list", "--limit", "2", "--json").json()
    assert page["has_more"] is True
    rest = reelgate("videos", "list", "--limit", "500", "--after", page["last_id"], "--json").json()
    ids = [v["id"] for v in page["data"] + rest["data"]]
    assert made <= set(ids)
    assert len(ids) == len(set(ids))


def test_models_say_what_really_serves_a_name(reelgate: Command) -> None:
    assert "animatic-1 (drawn, not generative)" in reelgate("models").out
    assert "sora-2" in {model["id"] for model in reelgate("models", "--json").json()["data"]}


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("videos", "get", "video_nothing"), 3),
        (("videos", "get", "../../health"), 3),
        (("videos", "download", "video_nothing"), 3),
        (("generate", "x", "--model", "unheard-of"), 3),
        (("generate", "x", "--size", "1x1"), 2),
        (("generate", "   "), 2),
        (("--data", "/nowhere/at/all", "videos", "list", "--url", "ftp://x"), 2),
    ],
)
def test_refusals_end_with_their_own_exit_code_and_no_traceback(
    reelgate: Command, args: tuple[str, ...], code: int
) -> None:
    ran = reelgate(*args)
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert ran.err.startswith("Error:")


def test_a_wrong_picture_is_refused_before_anything_is_made(reelgate: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not a picture")
    ran = reelgate("generate", "x", "--image", str(bad), "--json")
    assert ran.code == 2
    error = json.loads(ran.err)["error"]
    assert (error["code"], error["param"], error["charge"]) == (
        "unsupported_media",
        "input_reference",
        "none",
    )


def test_a_key_made_beside_a_running_server_opens_it_and_a_revoked_one_does_not(
    served: tuple[Command, str],
) -> None:
    reelgate, address = served
    made = reelgate.process("keys", "create", "other", "--json")
    assert (made.code, set(made.json())) == (0, {"id", "key"})
    key = made.json()["key"]
    assert _status(address, key) == 200
    remote = {"REELGATE_URL": address, "REELGATE_API_KEY": key, "REELGATE_DATA": "/nowhere"}
    assert reelgate.process("videos", "list", "--json", env=remote).code == 0
    assert reelgate("keys", "revoke", "other").code == 0
    assert _until(lambda: _status(address, key) == 401)
    assert reelgate.process("videos", "list", env=remote).code == 4


def _until(holds: Any) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


def test_a_channel_added_beside_a_running_server_is_noticed(reelgate: Command) -> None:
    added = reelgate(
        *("channels", "add", "mine", "--dialect", "openai_videos", "--model", "fresh-model"),
        *("--base-url", "https://upstream.example"),
    )
    assert added.code == 0, added.err

    def noticed() -> bool:
        return "fresh-model" in {m["id"] for m in reelgate("models", "--json").json()["data"]}

    assert _until(noticed)
    assert reelgate("channels", "remove", "mine").code == 0


def test_a_server_without_a_key_or_with_a_wrong_one_is_no_permission(served: tuple[Command, str]) -> None:
    reelgate, address = served
    for env in ({}, {"REELGATE_API_KEY": "wrong"}):
        ran = reelgate.process("videos", "list", env={"REELGATE_URL": address, **env})
        assert ran.code == 4
        assert "REELGATE_API_KEY" in ran.err


def test_a_lost_command_key_is_made_again(reelgate: Command) -> None:
    assert reelgate("videos", "list").code == 0
    kept = reelgate.data / "cli-key"
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_text("rg_wrong\n")
    assert reelgate("videos", "list").code == 0
    kept.unlink()
    assert reelgate("videos", "list").code == 0


def test_a_second_server_on_the_same_data_folder_is_refused_in_clear_words(
    served: tuple[Command, str],
) -> None:
    reelgate, address = served
    ran = reelgate.process("serve", "--port", "0")
    assert ran.code == 1
    assert address in ran.err


def test_a_taken_port_is_named(reelgate: Command, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = reelgate.process("serve", "--port", port, "--data", str(tmp_path / "other"))
    assert ran.code == 1
    assert port in ran.err


def test_a_server_that_is_not_there_is_unreachable(reelgate: Command) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        ran = reelgate.process("generate", "x", "--url", url, "--json")
    assert ran.code == 5
    assert json.loads(ran.err)["error"]["exit_code"] == 5


def test_a_backup_of_a_running_server_restores_with_its_clips(reelgate: Command, tmp_path: Path) -> None:
    video = _make(reelgate)
    backup = reelgate("db", "backup", str(tmp_path / "backup"), "--json")
    assert backup.code == 0, backup.err
    assert backup.json()["blobs"] >= 3
    restored = tmp_path / "restored"
    assert reelgate("db", "restore", str(tmp_path / "backup"), "--data", str(restored)).code == 0
    other = Command(restored, reelgate.home)
    assert other("doctor", "--invariants").out.strip() == "Every promise holds."
    ran = other("videos", "download", video["id"], "-o", str(tmp_path / "again.mp4"))
    assert ran.code == 0, ran.err
    _playable(tmp_path / "again.mp4")


def test_a_backup_that_lost_a_clip_is_refused(reelgate: Command, tmp_path: Path) -> None:
    _make(reelgate)
    assert reelgate("db", "backup", str(tmp_path / "backup")).code == 0
    one = next((tmp_path / "backup" / "blobs").iterdir())
    one.unlink()
    ran = reelgate("db", "restore", str(tmp_path / "backup"), "--data", str(tmp_path / "restored"))
    assert ran.code == 1
    assert one.name in ran.err
    assert not (tmp_path / "restored").exists()


def test_invariants_hold_while_the_server_runs(reelgate: Command) -> None:
    _make(reelgate)
    ran = reelgate("doctor", "--invariants", "--json")
    assert (ran.code, ran.json()) == (0, {"violations": []})


def test_ctrl_c_leaves_the_task_to_the_server_and_says_so(reelgate: Command) -> None:
    process = reelgate.start("generate", "A long sail", "--seconds", "30", "--size", "720x1280")
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    video_id = first.split()[2].rstrip(",")
    assert f"reelgate videos get {video_id} --wait" in rest
    assert "Traceback" not in rest
    assert reelgate("videos", "get", video_id, "--json").json()["status"] in ("queued", "in_progress")
    assert reelgate("videos", "delete", video_id).code == 0


# Without a server


@pytest.fixture
def alone(tmp_path: Path) -> Command:
    """Give the command on a new data folder where no server runs."""
    home = tmp_path / "home"
    home.mkdir()
    return Command(tmp_path / "data", home)


def test_generate_works_with_no_server_and_nothing_prepared(alone: Command, tmp_path: Path) -> None:
    ran = alone.process("generate", "A paper boat", *SMALL, "-o", str(tmp_path / "boat.mp4"))
    assert ran.code == 0, ran.err
    assert "administrator" in ran.err
    _playable(tmp_path / "boat.mp4")
    assert not (alone.data / "server.json").exists()
    assert alone("videos", "list", "--json").json()["data"][0]["status"] == "completed"
    assert alone("doctor", "--invariants").code == 0


def test_no_wait_without_a_server_is_refused_before_a_task_is_made(alone: Command) -> None:
    assert alone("generate", "x", "--no-wait").code == 2
    assert alone("videos", "list", "--json").json()["data"] == []


def test_ctrl_c_without_a_server_keeps_the_task_and_the_next_run_ends_it(alone: Command) -> None:
    process = alone.start("generate", "A sail", "--seconds", "8", "--size", "480x480")
    assert process.stderr is not None
    line = ""
    while "Accepted" not in line:
        line = process.stderr.readline()
        assert line, "the command ended before it was interrupted"
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, rest
    assert "goes on when Reelgate next runs" in rest
    video_id = line.split()[2].rstrip(",")
    ran = alone("videos", "get", video_id, "--wait", "--json")
    assert (ran.code, ran.json()["status"]) == (0, "completed")


def test_the_way_back_to_a_task_names_the_folder_it_is_in() -> None:
    assert Session().where() == ""
    assert Session(data=Path("here")).where() == " --data here"
    assert Session(data=Path("here"), url="http://gate.example").where() == " --url http://gate.example"


def test_a_stale_address_file_is_not_a_server(alone: Command) -> None:
    alone.data.mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    (alone.data / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": gone.pid}))
    assert alone("videos", "list", "--json").code == 0
    (alone.data / "server.json").write_text("{")
    assert alone("videos", "list", "--json").code == 0
    (alone.data / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": os.getpid()}))
    assert alone("videos", "list", "--json").code == 0


def test_the_example_works_as_it_stands(served: tuple[Command, str], tmp_path: Path) -> None:
    reelgate, address = served
    key = reelgate("keys", "create", "example", "--json").json()["key"]
    example = Path(__file__).parents[2] / "examples" / "openai_sdk.py"
    done = subprocess.run(
        [sys.executable, str(example), str(tmp_path / "clip.mp4")],
        env=reelgate.environ({"OPENAI_BASE_URL": f"{address}/v1", "OPENAI_API_KEY": key}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert asyncio.run(intake.probe(tmp_path / "clip.mp4")).width == 720
