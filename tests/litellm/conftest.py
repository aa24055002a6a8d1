"""LiteLLM's proxy, for real, in an environment of its own: between a Reelgate and an upstream, and before a Reelgate."""

from __future__ import annotations

import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import peer
from bench.processes import Process
from tests.faults.conftest import Server, reelgate, upstream

KEY = "sk-litellm-test"
STARTING_S = 300.0

CONFIG = """\
model_list:
  - model_name: paid-model
    litellm_params: {{model: openai/sim-1, api_base: "{upstream}", api_key: sk-simulated}}
  - model_name: through-reelgate
    litellm_params: {{model: openai/animatic-1, api_base: "{reelgate}/v1", api_key: "{key}"}}
general_settings:
  master_key: {master}
"""


@dataclass
class Place:
    """A proxy, what it stands between, and a Reelgate that is both before and behind it."""

    proxy: str
    """The address of LiteLLM's proxy, ending in `/v1`."""
    server: Server
    key: str
    """A key of the Reelgate."""
    folder: Path
    """Holds the bill of the paid upstream."""


def environment() -> dict[str, str]:
    """Give what keeps LiteLLM at home: its prices come from its package, and every way out leads nowhere."""
    nowhere = "http://127.0.0.1:9"
    away = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), nowhere)
    home = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "DO_NOT_TRACK": "1"}
    return away | home | quiet


@pytest.fixture(scope="session")
def installed() -> Path:
    """Install it once, the same that `make bench` measures against; give its folder of programs."""
    peer.HOME.parent.mkdir(exist_ok=True)
    with (peer.HOME.parent / ".litellm.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        peer.install(print)
    return peer.HOME / "bin"


@contextmanager
def proxying(programs: Path, folder: Path, config: str) -> Iterator[str]:
    """Serve LiteLLM's proxy and give its address."""
    (folder / "litellm.yaml").write_text(config, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [str(programs / "litellm"), "--config", str(folder / "litellm.yaml"), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
    process = Process(command, log=folder / "litellm.log", env=environment())
    try:
        process.wait_for(f"http://127.0.0.1:{port}/health/liveliness", seconds=STARTING_S)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.stop()


@pytest.fixture(scope="session")
def place(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("litellm")
    data = folder / "data"
    data.mkdir()
    key = json.loads(reelgate(data, "keys", "create", "litellm", "--json"))["key"]
    with ExitStack() as stack:
        paid = stack.enter_context(upstream(folder, "--key", "sk-simulated"))
        server = stack.enter_context(Server(data))
        config = CONFIG.format(upstream=paid, reelgate=server.address, key=key, master=KEY)
        proxy = stack.enter_context(proxying(installed, folder, config))
        reelgate(
            data,
            "channels", "add", "proxy", "--dialect", "litellm", "--base-url", proxy, "--secret-file", "-",
            "--model", "behind=paid-model", "--poll-seconds", "0.2", "--self-hosted",
            stdin=KEY,
        )  # fmt: skip
        yield Place(proxy, server, key, folder)
