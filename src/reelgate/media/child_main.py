"""The porter: forks one limited child for each job it is handed. Runs as its own process; see `media.child`.

It only reads single bytes and descriptors from the server; requests are read by the forked child.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import msgspec

from reelgate.core.errors import CallerError
from reelgate.media.jobs import Job

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
_PRELOADED: Final = ("reelgate.media.jobs.picture", "reelgate.media.jobs.clip")


@dataclass
class _Errand:
    lane: str
    sock: socket.socket


def serve(control_fd: int, slots: Mapping[str, int], idle_s: float) -> None:
    """Fork a child for each job that comes in until the server is gone or nothing came for `idle_s`."""
    libc = _linux()
    if libc is not None:
        _leave_network(libc)
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    _Porter(socket.socket(fileno=control_fd), slots, idle_s, libc).work()


def _linux() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def _leave_network(libc: ctypes.CDLL) -> None:
    # Best effort: a container may forbid it. Nothing the jobs do needs a network.
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _wake(_signal: int, _frame: object) -> None:
    """Do nothing; that a signal came is written to the wake-up pipe."""


class _Porter:
    def __init__(
        self, control: socket.socket, slots: Mapping[str, int], idle_s: float, libc: ctypes.CDLL | None
    ) -> None:
        self._control = control
        self._slots = slots
        self._idle_ms = int(idle_s * 1000)
        self._libc = libc
        self._waiting: list[_Errand] = []
        self._running: dict[int, _Errand] = {}
        self._poll = select.poll()
        self._bell, bell_in = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(bell_in, False)
        signal.set_wakeup_fd(bell_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _wake)
        self._poll.register(control.fileno(), select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)

    def work(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            for pid in self._running:
                _kill(pid)

    def _turn(self) -> bool:
        busy = bool(self._running or self._waiting)
        events = self._poll.poll(None if busy else self._idle_ms)
        if not events and not busy:
            return False
        for fd, _ in events:
            if fd == self._control.fileno():
                if not self._take():
                    return False
            elif fd == self._bell:
                os.read(self._bell, 4096)
                self._reap()
            else:
                self._hung_up(fd)
        self._start_what_fits()
        return True

    def _take(self) -> bool:
        lane, fds, _, _ = socket.recv_fds(self._control, 1, 1)
        if not lane or not fds:
            return False
        errand = _Errand(lane.decode(), socket.socket(fileno=fds[0]))
        self._waiting.append(errand)
        self._poll.register(errand.sock.fileno(), 0)  # only hang-ups are ours; data is the child's
        return True

    def _hung_up(self, fd: int) -> None:
        for errand in self._waiting:
            if errand.sock.fileno() == fd:
                self._waiting.remove(errand)
                self._drop(errand)
                return
        for pid, errand in self._running.items():
            if errand.sock.fileno() == fd:
                self._poll.unregister(fd)
                _kill(pid)
                return

    def _drop(self, errand: _Errand) -> None:
        with suppress(KeyError):  # it may have hung up before it ended
            self._poll.unregister(errand.sock.fileno())
        errand.sock.close()

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            errand = self._running.pop(pid)
            line = b'\n{"exit":%d}\n' % os.waitstatus_to_exitcode(status)
            with suppress(OSError):  # nobody may listen any more
                errand.sock.send(line, socket.MSG_DONTWAIT)
            self._drop(errand)

    def _start_what_fits(self) -> None:
        for errand in list(self._waiting):
            taken = sum(1 for other in self._running.values() if other.lane == errand.lane)
            if taken < self._slots[errand.lane]:
                self._waiting.remove(errand)
                self._fork(errand)

    def _fork(self, errand: _Errand) -> None:
        porter = os.getpid()
        pid = os.fork()
        if pid == 0:
            _be_child(errand.sock, porter, self._libc)
        self._running[pid] = errand


def _kill(pid: int) -> None:
    # The group may not exist yet when the child was forked a moment ago.
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _be_child(sock: socket.socket, porter: int, libc: ctypes.CDLL | None) -> NoReturn:
    status = 70
    try:
        _part_from(porter, libc)
        link = _only_socket(sock)
        _send(link, _carry_out(link))
        status = 0
    finally:
        os._exit(status)


_SOCK: Final = 3


def _part_from(porter: int, libc: ctypes.CDLL | None) -> None:
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.nice(5)
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != porter:
        os._exit(0)


def _only_socket(sock: socket.socket) -> socket.socket:
    """Close every descriptor but the job's socket, which becomes number 3."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    if sock.fileno() != _SOCK:
        os.dup2(sock.fileno(), _SOCK)
    os.closerange(_SOCK + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    sock.detach()
    return socket.socket(fileno=_SOCK)


def _carry_out(sock: socket.socket) -> Mapping[str, Any]:
    _send(sock, {"started": os.getpid()})
    request, files = _request(sock)
    _limit(request["limits"])
    job = Job(request["args"], files, lambda note: _send(sock, {"note": note}))
    try:
        return {"done": True, "value": _function(request["job"])(job)}
    except CallerError as refused:
        return {"refused": refused.failure}
    except MemoryError:
        return {"why": "memory", "detail": "the memory limit was reached"}
    except OSError as error:
        why = "storage" if error.errno in _DISK else "crash"
        return {"why": why, "detail": _describe(error)}
    except Exception as error:  # noqa: BLE001 the edge of the process: whatever a decoder does becomes an outcome
        return {"why": "crash", "detail": _describe(error)}


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _request(sock: socket.socket) -> tuple[dict[str, Any], tuple[int, ...]]:
    _, files, _, _ = socket.recv_fds(sock, 1, 64)
    (length,) = struct.unpack("!I", _exactly(sock, 4))
    return msgspec.json.decode(_exactly(sock, length)), tuple(files)


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = sock.recv(min(count - len(data), 1 << 20))
        if not more:
            os._exit(0)
        data += more
    return bytes(data)


def _limit(limits: Mapping[str, Any]) -> None:
    cpu = int(limits["cpu_seconds"])
    for which, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, int(limits["files"])),
        (resource.RLIMIT_FSIZE, int(limits["file_bytes"])),
    ):
        resource.setrlimit(which, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    signal.setitimer(signal.ITIMER_REAL, float(limits["wall_seconds"]))
    if sys.platform == "linux":  # elsewhere the kernel does not keep to it
        memory = int(limits["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _function(name: str) -> Callable[[Job], Any]:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _send(sock: socket.socket, line: Mapping[str, Any]) -> None:
    sock.sendall(msgspec.json.encode(line) + b"\n")
