"""Content: downloading a kept clip, beside a bare file server, and what it does to memory."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.gateway import Gateway, upstream
from bench.load import Measured, drive
from bench.processes import Process
from reelgate.testing.upstream.clip import clip

CLIP_MIB = 16
FLAT_MIB = 48
"""How much 32 downloads at once may add: 1.5 MiB each, whatever the clip's length."""


class Watcher(threading.Thread):
    """Notes the most memory a process held."""

    def __init__(self, process: Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._done = threading.Event()
        self.before = self.most = process.rss_mib()

    def run(self) -> None:
        """Look twenty times a second."""
        while not self._done.wait(0.05):
            self.most = max(self.most, self._process.rss_mib())

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        self.join()


def measure(bench: Bench) -> Scenario:
    """Measure Reelgate and the bare file server in turn, on the same file."""
    with bench.place("content") as folder:
        path = folder / "clip.mp4"
        write_clip(path, CLIP_MIB)
        with upstream(folder, "--run", "0", "--clip", str(path)) as up:
            bench.say("content: Reelgate")
            gateway = Gateway(folder, up, poll_seconds=0.5)
            with gateway.serving() as process:
                content = f"/v1/videos/{gateway.finished('a clip to download')}/content"
                ours, grown = _ours(bench, gateway, process, content)
        bench.advance(0.6)
        bench.say("content: the bare file server")
        with bench.bare("bare_files", path, folder) as url:
            bare = drive(url, "GET", ["/"], "", seconds=bench.seconds, warm_s=bench.warm_s)
    return _scenario(ours, bare, grown)


def _ours(bench: Bench, gateway: Gateway, process: Process, path: str) -> tuple[Measured, float]:
    drive(gateway.url, "GET", [path], gateway.key, seconds=bench.warm_s, connections=1)
    time.sleep(0.5)
    watcher = Watcher(process)
    watcher.start()
    seen = drive(gateway.url, "GET", [path], gateway.key, seconds=bench.seconds)
    watcher.stop()
    return seen, watcher.most - watcher.before


def padded(data: bytes, size: int) -> bytes:
    """Lengthen an MP4 to `size` bytes by a box that players skip."""
    room = size - len(data)
    return data + room.to_bytes(4, "big") + b"free" + bytes(room - 8)


def write_clip(path: Path, mib: int) -> None:
    """Write a clip of that many MiB."""
    path.write_bytes(padded(clip(width=320, height=240, seconds=2), mib * 2**20))


def _scenario(ours: Measured, bare: Measured, grown: float) -> Scenario:
    name = "content"
    return Scenario(
        name=name,
        figures=[
            Figure(
                scenario=name,
                what="Reelgate beside a bare file server",
                value=100 * ratio(ours.bytes_per_second, bare.bytes_per_second),
                unit="%",
                sense="at least",
                goal=80,
            ),
            Figure(
                scenario=name,
                what=f"memory added by 32 downloads of {CLIP_MIB} MiB at once",
                value=max(0.0, grown),
                unit="MiB",
                sense="at most",
                goal=FLAT_MIB,
            ),
        ],
        raw={
            "Reelgate": ours.raw() | {"MB_per_second": round(ours.bytes_per_second / 1e6)},
            "bare file server (uvicorn, Starlette FileResponse)": bare.raw()
            | {"MB_per_second": round(bare.bytes_per_second / 1e6)},
        },
    )
