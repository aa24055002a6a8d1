"""The peer: LiteLLM's proxy in an environment of its own, installed from hashed locks on first use."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import ROOT, Broken, Process, free_port, get, send

HOME = ROOT / ".venv-peers" / "litellm"
LOCK = ROOT / "requirements" / "peer-litellm.lock"
KEY = "sk-bench"
WAKING = 10

CONFIG = """\
model_list:
  - model_name: bench-video
    litellm_params:
      model: openai/bench-video
      api_base: {upstream}/v1
      api_key: none
general_settings:
  master_key: {key}
"""


def install(say: Callable[[str], None]) -> str:
    """Make the environment hold what the lock names, and give LiteLLM's version."""
    stamp = HOME / f".stamp-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not stamp.exists():
        say(
            f"Installing the peer from {LOCK.relative_to(ROOT)} (once; every package checked against its hash)"
        )
        venv.create(HOME, with_pip=True, clear=True)
        _install(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"])
        stamp.touch()
    code = "import importlib.metadata as m; print(m.version('litellm'))"
    return subprocess.run(
        [HOME / "bin" / "python", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def _install(words: list[str]) -> None:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        command = [uv, "pip", "install", "--quiet", "--python", HOME / "bin" / "python", "--no-deps"]
        command += ["--require-hashes", "-r", LOCK]
    else:
        command = [HOME / "bin" / "python", "-m", "pip", *words, "-r", LOCK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Broken(done.stderr.strip())


def _wake(address: str) -> None:
    """Let it load what it only loads on its first requests."""
    body = {"model": "bench-video", "prompt": "a boat on a lake", "seconds": "4", "size": "720x1280"}
    for _ in range(WAKING):
        video = send("POST", f"{address}/v1/videos", body, key=KEY, timeout=120)
        get(f"{address}/v1/videos/{video['id']}", key=KEY, timeout=120)


@contextmanager
def serving(folder: Path, upstream: str) -> Iterator[tuple[str, Process]]:
    """Serve LiteLLM, one process, master key, no database; give its address."""
    config = folder / "litellm.yaml"
    config.write_text(CONFIG.format(upstream=upstream, key=KEY), "utf-8")
    port = free_port()
    # Its table of prices is in the package; without this it asks the network for a newer one.
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "DO_NOT_TRACK": "1"}
    command = [str(HOME / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
    process = Process(command, log=folder / "litellm.log", env=env)
    try:
        address = f"http://127.0.0.1:{port}"
        process.wait_for(f"{address}/health/liveliness", seconds=180)
        _wake(address)
        yield address, process
    finally:
        process.stop()
