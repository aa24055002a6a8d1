"""Runs a job in a child process under limits and says how it ended. Knows nothing about pictures or clips.

One *porter* process per server imports the decoders once and forks a fresh process for every job, because
importing them costs 0.2 s a time and a fork a small part of that. The porter holds no secret, has an empty environment and, where
the kernel allows it, no network; it ends by itself when it is idle or when the server is gone.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import msgspec

from reelgate.core.errors import Failure

Lane = Literal["media", "draw"]

_LANES: Final[Mapping[Lane, bytes]] = {"media": b"m", "draw": b"d"}
_SLOTS: Final = 2
_LINE_MAX: Final = 4 << 20
_GRACE_S: Final = 2.0
_IDLE_S: Final = 120.0
_BOOT: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from reelgate.media.child_main import serve; serve(int(sys.argv[2]), json.loads(sys.argv[3]), float(sys.argv[4]))"
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one job may use before the kernel stops it."""

    lane: Lane = "media"
    """Which queue it stands in: at most two `media` jobs run at once, one `draw` job a core."""
    memory_bytes: int = 1 << 30
    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    file_bytes: int = 256 << 20
    """Largest file it may write."""
    files: int = 32
    """Open files, its own included."""


class Why(StrEnum):
    """Why a job ended without an answer."""

    MEMORY = "memory"
    TIME = "time"
    CRASH = "crash"
    STORAGE = "storage"
    """The disk refused a write; not the file's fault."""
    ABSENT = "absent"
    """No child could be started; this installation's fault."""


class Done(msgspec.Struct, frozen=True):
    """The job returned a value."""

    value: Any


class Refused(msgspec.Struct, frozen=True):
    """The job looked at its file and refused it."""

    failure: Failure


class Died(msgspec.Struct, frozen=True):
    """The job was stopped or broke; `detail` is for operators."""

    why: Why
    detail: str


Outcome = Done | Refused | Died


class _NotStarted(msgspec.Struct, frozen=True):
    """The porter went away before the job began, so nothing was done and it can be given again."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    started: int | None = None
    note: Any = None
    done: bool = False
    value: Any = None
    refused: Failure | None = None
    why: Why | None = None
    detail: str = ""
    exit: int | None = None


_LINES: Final = msgspec.json.Decoder(_Line)


_TURNS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()


def turn() -> asyncio.Semaphore:
    """Give the bound to hold while files are open for a `media` job, so that a crowd does not use up descriptors.

    It lets a few more through than run at once, so that the next one is ready when a slot falls free.
    """
    loop = asyncio.get_running_loop()
    return _TURNS.setdefault(loop, asyncio.Semaphore(_SLOTS + 2))


async def run(
    job: str,
    args: Mapping[str, Any],
    *,
    files: Sequence[int] = (),
    limits: Limits | None = None,
    tell: Callable[[Any], None] | None = None,
) -> Outcome:
    """Run `module:function` with a `jobs.Job` in a fresh child and give its outcome; cancelling kills the child.

    `files` are open descriptors handed to the child in that order; they stay open here. `tell` gets the job's notes.
    """
    limits = limits or Limits()
    request = msgspec.json.encode({"job": job, "args": args, "limits": limits})
    for _ in range(3):
        outcome = await _attempt(request, files, limits, tell)
        if not isinstance(outcome, _NotStarted):
            return outcome
    return Died(Why.ABSENT, "the media process does not start; see its message on standard error")


async def _attempt(
    request: bytes, files: Sequence[int], limits: Limits, tell: Callable[[Any], None] | None
) -> Outcome | _NotStarted:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        await _PORTER.hand_over(theirs, _LANES[limits.lane])
        theirs.close()
        try:
            socket.send_fds(ours, [b"f"], list(files))
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(ours, struct.pack("!I", len(request)) + request)
        except OSError:
            # Nobody reads; what they still said, if anything, can be read below.
            pass
        return await _listen(ours, limits, tell)


async def _listen(
    ours: socket.socket, limits: Limits, tell: Callable[[Any], None] | None
) -> Outcome | _NotStarted:
    lines = _lines(ours)
    first = await anext(lines, None)
    if first is None or first.started is None:
        return _NotStarted()
    try:
        # The child carries its own alarm; this one is for a child that took it off.
        async with asyncio.timeout(limits.wall_seconds + _GRACE_S):
            async for line in lines:
                outcome = _outcome(line)
                if outcome is not None:
                    return outcome
                if tell is not None:
                    tell(line.note)
    except TimeoutError:
        return Died(Why.TIME, f"no end after {limits.wall_seconds:g} s")
    return Died(Why.CRASH, "the media process was killed from outside")


def _outcome(line: _Line) -> Outcome | None:
    if line.done:
        return Done(line.value)
    if line.refused is not None:
        return Refused(line.refused)
    if line.why is not None:
        return Died(line.why, line.detail)
    return _died(line.exit) if line.exit is not None else None


def _died(status: int) -> Died:
    match -status:
        case signal.SIGXCPU | signal.SIGALRM:
            return Died(Why.TIME, signal.Signals(-status).name)
        case signal.SIGKILL:
            return Died(Why.MEMORY, "SIGKILL, most likely by the kernel for want of memory")
        case number if number > 0:
            return Died(Why.CRASH, f"signal {number}")
        case _:
            return Died(Why.CRASH, f"exit status {status}")


async def _lines(ours: socket.socket) -> AsyncIterator[_Line]:
    loop = asyncio.get_running_loop()
    held = b""
    while True:
        try:
            more = await loop.sock_recv(ours, 1 << 16)
        except ConnectionError:
            return
        if not more or len(held) > _LINE_MAX:
            return
        *whole, held = (held + more).split(b"\n")
        for text in whole:
            try:
                yield _LINES.decode(text)
            except msgspec.DecodeError:
                continue  # half a line of a child that was killed while it wrote


class _Porter:
    """The one porter of this process, started when it is first needed and again whenever it has gone."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def _end(self) -> None:
        with self._starting:
            if self._control is None or self._process is None or self._owner != os.getpid():
                return
            # It ends when it hears that this process does, and kills what it runs.
            self._control.close()
            try:
                self._process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    async def hand_over(self, job: socket.socket, lane: bytes) -> None:
        """Give the child's end of a job's socket to the porter."""
        while True:
            control = self._control
            if control is None or self._owner != os.getpid():
                await asyncio.to_thread(self._start, control)
                continue
            try:
                socket.send_fds(control, [lane], [job.fileno()])
                return
            except BlockingIOError:
                await asyncio.sleep(0.01)
            except OSError:
                await asyncio.to_thread(self._start, control)

    def _start(self, broken: socket.socket | None) -> None:
        with self._starting:
            if self._control is not broken and self._owner == os.getpid():
                return  # another caller was quicker
            if self._owner == os.getpid() and self._process is not None:
                self._process.wait()
            if self._process is None:
                atexit.register(self._end)
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = self._spawn(theirs)
            if broken is not None:
                broken.close()
            ours.setblocking(False)
            self._control, self._owner = ours, os.getpid()

    def _spawn(self, control: socket.socket) -> subprocess.Popen[bytes]:
        path = [str(Path(__file__).parents[2]), *(p for p in sys.path if p)]
        slots = {"m": _SLOTS, "d": max(2, os.cpu_count() or 2)}
        boot = [sys.executable, "-I", "-S", "-c", _BOOT]
        handed = [json.dumps(path), str(control.fileno()), json.dumps(slots), str(_IDLE_S)]
        return subprocess.Popen(  # noqa: S603 every word of it is ours
            [*boot, *handed],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"MALLOC_ARENA_MAX": "2", "LC_ALL": "C.UTF-8"},
            pass_fds=[control.fileno()],
            start_new_session=True,  # Ctrl-C in a terminal is the server's to handle
        )


# One per process on purpose: the bound on children at once is a promise about the machine, not about a caller.
_PORTER: Final = _Porter()
