"""The README is true: every command in it runs, in both languages, against a real server and a real upstream."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reelgate.testing.upstream import FakeUpstream, Script

ROOT = Path(__file__).parent.parent
VENV = Path(sys.executable).parent.parent
READMES = ("README.md", "README.zh-CN.md")
UPSTREAM_KEY = "sk-readme-canary"


@dataclass(frozen=True)
class Block:
    """One fenced block and its language."""

    language: str
    text: str


def blocks(name: str) -> list[Block]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / name).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [Block(language, text) for language, text in found]


def doors(block: Block) -> list[str]:
    """Name the make targets a block calls."""
    return re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE) if block.language == "sh" else []


def script(name: str, address: str, upstream: str) -> str:
    """Write every command of a README as one shell script; `make` lines are left to the tests of the doors."""
    parts = ["set -euo pipefail"]
    for block in blocks(name):
        if block.language == "python":
            parts.append(f"python - <<'PYTHON'\n{block.text}PYTHON")
        elif block.language == "sh":
            parts.append("\n".join(line for line in block.text.splitlines() if not line.startswith("make ")))
    text = "\n".join(parts)
    for written, real in (("http://127.0.0.1:8080", address), ("http://127.0.0.1:8000/v1", upstream)):
        assert written in text
        text = text.replace(written, real)
    return text


@asynccontextmanager
async def server(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[str]:
    """Run what `make start` runs, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        "reelgate", "serve", "--port", str(port), cwd=folder, env=environ, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    words = b""
    while f"127.0.0.1:{port}".encode() not in words:
        line = await process.stderr.readline()
        assert line, words.decode()
        words += line
    drain = asyncio.create_task(process.stderr.read())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await drain


@pytest.mark.parametrize("name", READMES)
async def test_every_command_of_the_readme_runs(name: str, tmp_path: Path):
    (tmp_path / ".venv").symlink_to(VENV)
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("REELGATE_", "OPENAI_"))}  # noqa: TID251
    environ = plain | {"PATH": f"{VENV / 'bin'}{os.pathsep}{plain['PATH']}", "PROVIDER_KEY": UPSTREAM_KEY}

    async with FakeUpstream(Script(key=UPSTREAM_KEY)) as upstream, server(tmp_path, environ) as address:
        text = script(name, address, upstream.base_url)
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            text,
            cwd=tmp_path,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()

        assert process.returncode == 0, said.decode()
        assert len(upstream.bill) == 1

    for clip in ("boat.mp4", "wan.mp4"):
        assert (tmp_path / clip).read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("name", READMES)
def test_every_make_line_names_a_door_that_people_and_ci_use(name: str):
    named = [target for block in blocks(name) for target in doors(block)]
    makefile = (ROOT / "Makefile").read_text("utf-8")

    assert named == ["demo", "start", "test"]
    for target in named:
        assert re.search(rf"^{target}:.* ## ", makefile, re.MULTILINE)


@pytest.mark.parametrize("name", READMES)
def test_every_block_is_a_command_that_is_run_or_plain_text(name: str):
    assert {block.language for block in blocks(name)} == {"sh", "python", "text"}


def headings(name: str) -> list[int]:
    text = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]


def test_the_two_readmes_are_siblings():
    english, chinese = (
        [Block(b.language, re.sub(r'"[^"]*(boat|纸船)[^"]*"', '"…"', b.text)) for b in blocks(name)]
        for name in READMES
    )
    links = [re.findall(r"\]\((?!README)([^)]+)\)", (ROOT / name).read_text("utf-8")) for name in READMES]

    assert headings("README.md") == headings("README.zh-CN.md")
    assert english == chinese
    assert links[0] == links[1]
