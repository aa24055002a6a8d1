"""Jobs that misbehave, for the tests of the limits."""

from __future__ import annotations

import os
import signal
import socket
import time

from reelgate.core.errors import Code, refuse
from reelgate.media.jobs import Job


def surroundings(job: Job) -> dict[str, object]:
    """Tell what the child can see of the machine."""
    return {
        "env": dict(os.environ),  # noqa: TID251 looking at it is the point
        "fds": sorted(int(name) for name in os.listdir("/proc/self/fd")),
        "files": list(job.files),
        "leads_group": os.getpgid(0) == os.getpid(),
        "pid": os.getpid(),
        "args": dict(job.args),
    }


def read(job: Job) -> str:
    return os.read(job.files[0], 100).decode()


def count(job: Job) -> int:
    for number in range(job.args["to"]):
        job.tell(number)
    return job.args["to"]


def eat_memory(_: Job) -> int:
    return len(bytearray(2 << 30))


def burn(_: Job) -> None:
    while True:
        pass


def sleep(job: Job) -> None:
    job.tell(os.getpid())
    time.sleep(600)


def shoot_itself(_: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def segfault(_: Job) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def write_much(job: Job) -> None:
    while True:
        os.write(job.files[0], bytes(1 << 20))


def open_many(_: Job) -> int:
    return len([os.open(os.devnull, os.O_RDONLY) for _ in range(100)])


def fill_disk(_: Job) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")


def refuse_it(_: Job) -> None:
    raise refuse(Code.PAYLOAD_TOO_LARGE, "Too large.")


def stumble(_: Job) -> None:
    raise KeyError("surprise")


def dial(job: Job) -> bool:
    try:
        socket.create_connection(("127.0.0.1", job.args["port"]), timeout=2).close()
    except OSError:
        return False
    return True


def overlap(job: Job) -> None:
    """Stay in a folder for a moment and tell how many were in it together."""
    mine = os.path.join(job.args["folder"], str(os.getpid()))
    os.close(os.open(mine, os.O_CREAT | os.O_WRONLY))
    time.sleep(0.05)
    job.tell(len(os.listdir(job.args["folder"])))
    os.unlink(mine)
