"""Every target of the door is there, and those that can be tried without a Docker daemon work."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE_S, Command
from tests.deploy.conftest import BIN, DEPLOY, ROOT
from tools import node
from tools.dev import seen
from tools.studio import snapshot

# The commands that row 002-10 of the sources has.
TARGETS = [
    *("help", "docker-up", "docker-down", "docker-logs", "docker-restart", "pm2-deploy", "pm2-logs"),
    *("pm2-restart", "dev-backend", "dev-frontend", "db-migrate", "db-studio", "build", "install"),
]
NODE = Path(__file__).parent / "node"


def make(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    ours = {**os.environ, **env}  # noqa: TID251 - a child needs PATH and the like
    return subprocess.run(
        ["make", "--no-print-directory", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=ours,
        check=False,
    )


def test_every_target_is_there_and_says_what_it_does() -> None:
    listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", make("help").stdout, re.MULTILINE))
    assert set(TARGETS) <= set(listed)


@pytest.mark.parametrize("target", [name for name in TARGETS if name.startswith("docker-")])
@pytest.mark.parametrize("chosen", ["", "deploy/compose.scale.yaml"])
def test_docker_targets_use_a_compose_file_that_is_there(target: str, chosen: str) -> None:
    dry = make("--dry-run", target, *([f"COMPOSE_FILE={chosen}"] if chosen else []))
    assert dry.returncode == 0, dry.stderr
    (used,) = set(re.findall(r"docker compose -f (\S+)", dry.stdout))
    assert used == (chosen or "deploy/compose.yaml")
    assert (ROOT / used).is_file()


def test_what_the_studio_shows_has_every_row_and_no_secret(reelgate: Command, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sk-very-secret")
    added = reelgate(
        *(
            "channels",
            "add",
            "mine",
            "--dialect",
            "openai_videos",
            "--base-url",
            "https://upstream.example/v1",
        ),
        *("--secret-file", str(tmp_path / "secret"), "--model", "m"),
    )
    assert added.code == 0, added.err
    with closing(sqlite3.connect(reelgate.data / "reelgate.db")) as rows:
        [(sealed,)] = rows.execute("SELECT secret FROM channel_keys").fetchall()

    snapshot(f"sqlite:///{reelgate.data}/reelgate.db", tmp_path / "shown.db")

    shown = written(tmp_path / "shown.db")
    assert b"upstream.example" in shown
    assert sealed.encode() in written(reelgate.data / "reelgate.db")
    assert sealed.encode() not in shown
    assert b"sk-very-secret" not in shown


def written(file: Path) -> bytes:
    """Give every byte of a database and what lies beside it."""
    return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


def test_a_changed_source_file_is_noticed(tmp_path: Path) -> None:
    """Shows 002-09."""

    source = tmp_path / "room" / "noun.py"
    source.parent.mkdir()
    source.write_text("")
    (tmp_path / "room" / "noun.pyc").write_text("")
    before = seen(tmp_path)

    os.utime(source, ns=(1, 1))

    assert set(before) == {source}
    assert seen(tmp_path) != before


@pytest.fixture
def reelgate(tmp_path: Path) -> Command:
    """Give the command on a new data folder."""
    home = tmp_path / "home"
    home.mkdir()
    return Command(tmp_path / "data", home)


@pytest.mark.slow
def test_the_wheel_that_is_built_has_all_that_a_server_needs(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    python = f"{BIN}/python"
    uv = [f"{BIN}/uv", "--quiet", "--no-cache", "--offline"]
    built = [*uv, "build", "--wheel", "--no-build-isolation", "--python", python]
    subprocess.run(built, cwd=tree, check=True)
    (wheel,) = (tree / "dist").glob("*.whl")
    subprocess.run(
        [*uv, "pip", "install", "--python", python, "--no-deps", "--target", tmp_path / "site", wheel],
        check=True,
    )
    env = {
        "PYTHONPATH": str(tmp_path / "site"),
        "PATH": "/usr/bin:/bin",
        "REELGATE_DATA": str(tmp_path / "data"),
    }

    def ran(*args: str) -> str:
        command = [sys.executable, "-P", *args]
        return subprocess.run(
            command, env=env, check=True, cwd=tmp_path, capture_output=True, text=True
        ).stdout

    assert str(tmp_path / "site") in ran("-c", "import reelgate; print(reelgate.__file__)")
    assert ran("-m", "reelgate.cli", "db", "upgrade")
    assert "animatic-1" in ran("-m", "reelgate.cli", "models")


def until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answered(port: int, path: str) -> str:
    """Give a page; empty when there is none."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
            connection.request("GET", path)
            with connection.getresponse() as answer:
                return answer.read().decode() if answer.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""


@pytest.mark.slow
def test_the_studio_is_served_on_loopback_and_ends_with_the_terminal(reelgate: Command) -> None:
    assert reelgate("keys", "create", "laptop").code == 0
    port = free_port()
    command = [sys.executable, "-m", "tools.studio", "--port", str(port), "--data", str(reelgate.data)]
    env = {**reelgate.environ(), "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        assert until(lambda: "api_keys" in answered(port, "/"))
        assert "hidden 1" in answered(port, "/api_keys/content/")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE_S)
    assert not answered(port, "/")


@pytest.fixture
def pm2(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run PM2 with a home of its own, and end it and all it runs afterwards."""
    node.install(NODE)
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("REELGATE_")},  # noqa: TID251
        "PM2_HOME": str(tmp_path / "pm2"),
        "PM2_DISABLE_VERSION_CHECK": "true",
        "REELGATE_DATA": str(tmp_path / "data"),
        "REELGATE_PORT": str(free_port()),
        "PATH": f"{node.node().parent}:/usr/bin:/bin",
    }

    def run(*args: str) -> str:
        command = [str(node.node()), str(NODE / "node_modules" / "pm2" / "bin" / "pm2"), *args]
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run
    run("kill")


@pytest.mark.slow
def test_pm2_keeps_a_server_running(pm2: Callable[..., str]) -> None:
    """Shows 002-08."""

    config = str(DEPLOY / "pm2" / "ecosystem.config.cjs")
    pm2("start", config)

    def app() -> dict[str, object]:
        (one,) = json.loads(pm2("jlist").splitlines()[-1])
        return one

    env = app()["pm2_env"]
    assert isinstance(env, dict)
    port = int(env["REELGATE_PORT"])

    def answers() -> bool:
        return "ok" in answered(port, "/health")

    assert until(answers)
    first = app()["pid"]
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    assert until(lambda: app()["pid"] not in (first, 0))
    assert until(answers)
    pm2("restart", config, "--update-env")
    assert until(answers)
    assert "reelgate" in pm2("logs", "reelgate", "--lines", "20", "--nostream")
