"""A Reelgate of its own for each scenario: folder, key, channel and server, by its own command line."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.processes import PYTHON, ROOT, Broken, Process, free_port, get, send
from reelgate.app import open_gateway
from reelgate.core.dialect import Channel
from reelgate.engine import operate
from reelgate.settings import load

MODEL = "bench-video"


class Gateway:
    """A data folder with a key and a channel, and a server on it that can be started again."""

    def __init__(
        self, folder: Path, upstream: str, *, concurrency: int = 4, poll_seconds: float = 10
    ) -> None:
        self.data = folder / "data"
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.key = str(self._command("keys", "create", "bench")["key"])
        self.connect("bench", upstream, concurrency=concurrency, poll_seconds=poll_seconds)

    def connect_all(self, upstreams: Sequence[str], *, concurrency: int, poll_seconds: float) -> None:
        """Add many channels of the same model at once; the server must not have been started yet."""
        asyncio.run(_connect(self.data, upstreams, concurrency, poll_seconds))

    def connect(self, name: str, upstream: str, *, concurrency: int, poll_seconds: float) -> None:
        """Add a channel that makes the same model; the server must not have been started yet."""
        channel = ["--dialect", "openai_videos", "--base-url", f"{upstream}/v1", "--model", MODEL]
        channel += ["--concurrency", str(concurrency), "--poll-seconds", str(poll_seconds), "--self-hosted"]
        self._command("channels", "add", name, *channel)

    def _command(self, *words: str) -> Any:
        command = [PYTHON, "-m", "reelgate.cli", "--data", str(self.data), *words, "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Broken(done.stderr.strip())
        return json.loads(done.stdout)

    def start(self, env: Mapping[str, str] | None = None) -> Process:
        """Start the server without waiting for it."""
        command = [PYTHON, "-m", "bench.serve", str(self.data), str(self._port), str(self.lateness_path)]
        return Process(command, log=self._folder / "reelgate.log", env=env)

    def start_on(self, server: str) -> Process:
        """Start the same application on a server by name."""
        env = {"REELGATE_DATA": str(self.data), "PYTHONPATH": str(ROOT / ".venv-peers" / "granian")}
        place = ["--host", "127.0.0.1", "--port", str(self._port)]
        command = {
            "uvicorn": ["-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"],
            "granian": ["-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--workers", "1"],
        }[server]
        return Process(
            [PYTHON, *command, *place, "bench.asgi:app"], log=self._folder / f"{server}.log", env=env
        )

    @property
    def lateness_path(self) -> Path:
        """Where the server writes its metrics when it is asked."""
        return self._folder / "metrics.txt"

    def metrics(self, process: Process) -> str:
        """Ask the server for its metrics as Prometheus would read them."""
        self.lateness_path.unlink(missing_ok=True)
        process.send(signal.SIGUSR1)
        for _ in range(500):
            if self.lateness_path.exists():
                return self.lateness_path.read_text("utf-8")
            time.sleep(0.02)
        raise Broken(process.last_words())

    @contextmanager
    def serving(self) -> Iterator[Process]:
        """Serve for the length of the block."""
        process = self.start()
        try:
            process.wait_for(f"{self.url}/ready")
            yield process
        finally:
            process.stop()

    def create(self, prompt: str) -> dict[str, Any]:
        """Create one video."""
        body = {"model": MODEL, "prompt": prompt, "seconds": "4", "size": "720x1280"}
        return send("POST", f"{self.url}/v1/videos", body, key=self.key)

    def video(self, video_id: str) -> dict[str, Any]:
        """Ask for one video."""
        return get(f"{self.url}/v1/videos/{video_id}", key=self.key)

    def finished(self, prompt: str, seconds: float = 60.0) -> str:
        """Create a video, wait until its clip is kept and give its id."""
        video_id = str(self.create(prompt)["id"])
        for _ in range(int(seconds * 10)):
            status = self.video(video_id)["status"]
            if status == "completed":
                return video_id
            if status == "failed":
                raise Broken(str(self.video(video_id)))
            time.sleep(0.1)
        msg = f"{video_id} did not finish in {seconds:.0f} s"
        raise Broken(msg)


async def _connect(data: Path, upstreams: Sequence[str], concurrency: int, poll_seconds: float) -> None:
    async with open_gateway(load(data), engine=False) as gateway:
        for number, up in enumerate(upstreams):
            channel = Channel(
                id=f"chan_bench{number}",
                name=f"bench-{number}",
                dialect="openai_videos",
                base_url=f"{up}/v1",
                models={MODEL: MODEL},
                concurrency=concurrency,
                poll_seconds=poll_seconds,
                self_hosted=True,
            )
            await operate.connect(gateway.ctx, channel)


@contextmanager
def upstream(folder: Path, *options: str) -> Iterator[str]:
    """Run the cheap upstream for the length of the block and give its address."""
    process = Process([PYTHON, "-m", "bench.upstream", *options], log=folder / "upstream.log", talks=True)
    try:
        yield str(json.loads(process.first_line())["url"])
    finally:
        process.stop(signal.SIGKILL)
