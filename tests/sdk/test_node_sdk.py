"""The official Node SDK, unmodified, against the same server: streamed uploads, object references, webhooks."""
# ruff: noqa: TID251 - a client of its own, outside the process under test

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import openai
import pytest
from PIL import Image

from tests.sdk.conftest import Receiver, Server
from tests.sdk.test_python_sdk import told_of
from tools.node import PACKAGE, install, node

# The SDKs mark their video methods as deprecated since the original service ended.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    install(PACKAGE)


def run(script: str, *words: str, server: Server | None = None, stdin: str = "") -> dict[str, Any]:
    """Run a script with Node and give the JSON it prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENAI_")}
    if server is not None:
        clean |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": server.key}
    done = subprocess.run(
        [str(node()), "--no-deprecation", script, *words],
        cwd=PACKAGE,
        env=clean,
        input=stdin,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_operation_works_from_node(server: Server, tmp_path: Path):
    picture = tmp_path / "kite.png"
    Image.new("RGB", (720, 1280), (30, 90, 160)).save(picture)

    seen = run("all-operations.mjs", str(picture), str(tmp_path / "clip.mp4"), server=server)

    assert seen["id"].startswith("video_")


def test_a_real_delivery_is_unwrapped_by_node(server: Server, receiver: Receiver):
    with openai.OpenAI(base_url=server.base_url, api_key=server.key) as client:
        made = client.webhooks.create(name="node", url=receiver.url, event_types=["video.completed"])
        video = client.videos.create_and_poll(prompt="A boat", extra_body={"seconds": "1"})
        told = told_of(receiver, video.id)
        client.webhooks.delete(made.id)

    given = {"headers": told.headers, "body": told.body.decode(), "secret": made.signing_secret}
    assert run("unwrap.mjs", stdin=json.dumps(given)) == {"type": "video.completed", "id": video.id}
