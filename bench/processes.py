"""Processes under measurement: started alone, watched through /proc, stopped for certain."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Broken(Exception):
    """Raised when a process did not do what the bench needs of it."""


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One process and what the kernel says about it."""

    def __init__(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, talks: bool = False
    ) -> None:
        self._log: IO[bytes] = log.open("ab")
        self.log_path = log
        self._popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},  # noqa: TID251 - a child inherits it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else self._log,
            stderr=self._log,
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    def first_line(self) -> str:
        """Wait for the first line it prints."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline().decode().strip()
        if not line:
            raise Broken(self.last_words())
        return line

    def wait_for(self, url: str, *, key: str = "", seconds: float = 60.0) -> float:
        """Wait until `url` answers 200; give how long that took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self._popen.poll() is not None:
                raise Broken(self.last_words())
            try:
                get(url, key=key, timeout=2.0)
            except (OSError, Broken):
                time.sleep(0.02)
            else:
                return time.monotonic() - began
        msg = f"{url} did not answer in {seconds:.0f} s. {self.last_words()}"
        raise Broken(msg)

    def wait_for_port(self, port: int, seconds: float = 30.0) -> None:
        """Wait until it listens on a port."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self._popen.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise Broken(self.last_words())

    def cpu_seconds(self) -> float:
        """Give the processor time it has used, threads included."""
        return cpu_seconds(Path(f"/proc/{self.pid}/stat").read_text("ascii"), _TICK)

    def rss_mib(self) -> float:
        """Give the memory it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * _PAGE / 2**20

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it; after 30 s without asking."""
        if self._popen.poll() is None:
            self._popen.send_signal(number)
            try:
                self._popen.wait(30)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        self._log.close()

    def last_words(self) -> str:
        """Give the end of its log."""
        tail = self.log_path.read_text("utf-8", "replace").strip().splitlines()[-12:]
        return "\n".join(["the process ended or stayed silent; its log says:", *tail])


def cpu_seconds(stat: str, ticks_per_second: int) -> float:
    """Read user and system time out of a `/proc/<pid>/stat` line."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_second


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """End the process with the block."""
    try:
        yield process
    finally:
        process.stop()


def get(url: str, *, key: str = "", timeout: float = 30.0) -> Any:
    """Fetch JSON, or the text when it is none."""
    return send("GET", url, None, key=key, timeout=timeout)


def send(method: str, url: str, body: Any, *, key: str = "", timeout: float = 60.0) -> Any:
    """Send JSON and give the JSON that comes back.

    Raises Broken for an error answer.
    """
    data = None if body is None else msgspec.json.encode(body)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own servers
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - our own servers
            text = answer.read()
    except urllib.error.HTTPError as error:
        msg = f"{method} {url}: {error.code} {error.read()[:300]!r}"
        raise Broken(msg) from error
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text.decode("utf-8", "replace")
