"""The official SDK, a Reelgate, another Reelgate behind it, and the renderer: real processes, both killed once."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
from openai.types import Video

from tests.faults.conftest import PATIENCE_S, Server, reelgate

# The SDK marks its video methods as deprecated since the original service ended.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@dataclass
class Chain:
    """Two installations, the first of which knows the second as a channel, and a client of the first."""

    front: Server
    back: Server
    client: openai.OpenAI

    def submissions(self) -> int:
        """Count what the front ever asked of anybody."""
        return _count(self.front.data, "attempts")

    def made_behind(self) -> int:
        """Count the tasks the back ever had."""
        return _count(self.back.data, "tasks")

    def kill(self, server: Server) -> None:
        """End one with -9."""
        assert server.process is not None
        server.process.kill()

    def until(self, video: Video, *statuses: str) -> Video:
        """Wait until the client is told one of these."""
        deadline = time.monotonic() + 2 * PATIENCE_S
        while video.status not in statuses:
            assert time.monotonic() < deadline, video
            assert video.status != "failed", video.error
            time.sleep(0.05)
            video = self.client.videos.retrieve(video.id)
        return video


def _count(data: Path, table: str) -> int:
    with sqlite3.connect(f"file:{data / 'reelgate.db'}?mode=ro", uri=True) as rows:
        return rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def _free_port() -> int:
    """Give a free port below those handed out by the system, so that nobody gets it while its server is down."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port")


def _key(data: Path) -> str:
    return json.loads(reelgate(data, "keys", "create", "chain", "--json"))["key"]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    behind, before = tmp_path / "back" / "data", tmp_path / "front" / "data"
    for folder in (behind, before):
        folder.mkdir(parents=True)
    port = _free_port()
    reelgate(
        before,
        "channels", "add", "back", "--dialect", "reelgate", "--base-url", f"http://127.0.0.1:{port}/v1",
        "--secret-file", "-", "--model", "chained=animatic-1", "--poll-seconds", "0.2", "--self-hosted",
        stdin=_key(behind),
    )  # fmt: skip
    key = _key(before)
    with ExitStack() as stack:
        back = stack.enter_context(Server(behind, port=port))
        front = stack.enter_context(Server(before, port=_free_port()))
        client = openai.OpenAI(
            base_url=f"{front.address}/v1", api_key=key, max_retries=0, _strict_response_validation=True
        )
        yield Chain(front, back, stack.enter_context(client))


def test_a_clip_comes_through_two_gateways_though_each_is_killed_on_the_way(chain: Chain):
    video = chain.client.videos.create(model="chained", prompt="A paper boat", extra_body={"seconds": "5"})
    chain.until(video, "in_progress")

    chain.kill(chain.back)
    assert chain.client.videos.retrieve(video.id).status == "in_progress"
    chain.back.start()
    chain.kill(chain.front)
    chain.front.start()

    done = chain.until(chain.client.videos.retrieve(video.id), "completed")
    assert (done.model, done.seconds, done.progress) == ("chained", "5", 100)
    assert chain.client.videos.download_content(done.id).read()[4:8] == b"ftyp"
    assert (chain.submissions(), chain.made_behind()) == (1, 1)
    for server in (chain.front, chain.back):
        reelgate(server.data, "doctor", "--invariants")
