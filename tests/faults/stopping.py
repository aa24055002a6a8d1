"""Servers that stop themselves at a named point between two lines that matter, for as many lives as a test wants.

Nothing of this is in the production code: the points lie around the parts that a gateway is handed, its database
and its way out. A prompt asks for a stop (`[stop:17:kill@call.accepted]`), and each asks once in all lives.

Run as a process (`python -m tests.faults.stopping`) it imports everything once and forks a fresh server for each
order on its standard input, because a life that ends after a second should not take two to begin.
"""
# ruff: noqa: TID251 - the environment of the processes under test

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, TypeVar

import aiohttp
from sqlalchemy import bindparam, text

from reelgate import api, server
from reelgate.api import metrics
from reelgate.app import Parts
from reelgate.cli import channels, doctor, keys
from reelgate.cli.main import main as command
from reelgate.core.dialect import Call, Channel, Closed, Line, NoReply, Reply
from reelgate.net.client import Client, Outgoing
from reelgate.net.dial import Attempt
from reelgate.net.guard import Guard
from reelgate.settings import load
from reelgate.store import current, postgres, sqlite
from reelgate.store.backend import Backend, Connection, open_backend
from reelgate.store.postgres import PostgresBackend, engine_for

T = TypeVar("T")
OpenBlob = Callable[[str], Path]

PRELOADED: Final = (api, metrics, channels, doctor, keys, current, postgres, sqlite)
"""What a server or a command would import later on; here for every fork at once."""

POINTS: Final = (
    *("create.inside", "create.committed", "intent.inside", "intent.committed"),
    *("call.sending", "call.accepted", "call.answered", "record.inside", "record.committed"),
    *("verdict.inside", "verdict.committed", "poll.answered", "seen.inside", "seen.committed"),
    *("fetch.begun", "end.inside", "end.committed"),
)
"""`inside` is before the commit of the row that says so, `committed` right after it; in the order of a task's life."""

MARK: Final = re.compile(r"\[stop:\d+:(kill|freeze)@([a-z.]+)\]")
_FILE: Final = re.compile(r"/content|/simulator/files/|/view\b|\.mp4")


class Stops:
    """Stops this process where a prompt asks for it, once."""

    def __init__(self, folder: Path, bills: tuple[Path, ...]) -> None:
        self._folder = folder
        self._bills = bills
        self._by_ref: dict[str, str] = {}

    def reach(self, point: str, mark: str) -> None:
        """Stop here if this mark asks for it and no life has stopped for it before."""
        found = MARK.fullmatch(mark)
        if found is None or found.group(2) != point or not self._first(mark):
            return
        os.kill(os.getpid(), signal.SIGKILL if found.group(1) == "kill" else signal.SIGSTOP)

    def _first(self, mark: str) -> bool:
        try:
            os.close(os.open(self._folder / told_by(mark), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        return True

    def know(self, ref: str, mark: str) -> None:
        """Remember whose job a ref is."""
        self._by_ref[ref.rpartition("/")[2]] = mark

    def whose(self, address: str) -> str | None:
        """Give the mark of the job that an address names."""
        return next((mark for ref, mark in self._by_ref.items() if ref in address), None)

    def billed(self, mark: str) -> bool:
        """Tell whether an upstream has taken the job."""
        return any(mark.encode() in bill.read_bytes() for bill in self._bills if bill.exists())


def told_by(mark: str) -> str:
    """Name the file that says that a stop took place."""
    return mark.strip("[]").replace(":", "-")


def mark_in(value: object) -> str | None:
    """Find a mark anywhere in what is sent."""
    match value:
        case str():
            found = MARK.search(value)
            return found.group() if found else None
        case Mapping():
            return mark_in(list(value.values()))
        case list() | tuple():
            return next((found for each in value if (found := mark_in(each))), None)
        case _:
            return mark_in(getattr(value, "value", None)) if hasattr(value, "value") else None


# The database.

_OPEN: Final = text(
    "SELECT t.id, t.status, t.prompt, a.ref FROM tasks t LEFT JOIN attempts a ON a.id = t.attempt_id"
    " WHERE t.finished_at IS NULL AND t.prompt LIKE '%[stop:%'"
)
_THESE: Final = text("SELECT id, status, prompt, NULL FROM tasks WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
Move = tuple[str, str]
"""The name of a step and the mark of its task."""


def _named(was: str | None, now: str) -> str:
    match was, now:
        case None, _:
            return "create"
        case "queued", "submitting":
            return "intent"
        case "submitting", _:
            return "record"
        case "unconfirmed", _:
            return "verdict"
        case "running", "archiving":
            return "seen"
        case _:
            return "end"


def watched(work: Callable[[Connection], T], stops: Stops, moves: list[Move]) -> Callable[[Connection], T]:
    """Make work that stops inside its transaction where it moves a marked task, and notes the moves."""

    def run(conn: Connection) -> T:
        before = {row[0]: row for row in conn.execute(_OPEN)}
        result = work(conn)
        after = {row[0]: row for row in conn.execute(_THESE, {"ids": [*before]})} if before else {}
        after |= {row[0]: row for row in conn.execute(_OPEN)}
        moves.clear()
        for task_id, row in after.items():
            mark = mark_in(row[2])
            was = before[task_id][1] if task_id in before else None
            if mark is None:
                continue
            if row[3]:
                stops.know(row[3], mark)
            if was != row[1]:
                moves.append((_named(was, row[1]), mark))
        for step, mark in moves:
            stops.reach(f"{step}.inside", mark)
        return result

    return run


class StoppingSqlite:
    """SQLite, with points around every commit."""

    kind: Literal["sqlite"] = "sqlite"

    def __init__(self, inner: Backend, stops: Stops) -> None:
        self._inner = inner
        self._stops = stops

    async def write(self, work: Callable[[Connection], T]) -> T:
        moves: list[Move] = []
        result = await self._inner.write(watched(work, self._stops, moves))
        for step, mark in moves:
            self._stops.reach(f"{step}.committed", mark)
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._inner.read(work)

    async def point(self, work: Callable[[Connection], T]) -> T:
        return await self._inner.point(work)

    async def changed_elsewhere(self) -> bool:
        return await self._inner.changed_elsewhere()

    async def close(self) -> None:
        await self._inner.close()


class StoppingPostgres(PostgresBackend):
    """PostgreSQL, with points around every commit."""

    def __init__(self, url: str, stops: Stops) -> None:
        super().__init__(engine_for(url))
        self._stops = stops

    async def write(self, work: Callable[[Connection], T]) -> T:
        moves: list[Move] = []
        result = await super().write(watched(work, self._stops, moves))
        for step, mark in moves:
            self._stops.reach(f"{step}.committed", mark)
        return result


# The way out.


class StoppingClient(Client):
    """The way out, with points around every call that is about a marked task."""

    def __init__(self, guard: Guard, stops: Stops) -> None:
        super().__init__(guard)
        self._stops = stops

    async def send(self, call: Call, channel: Channel, open_blob: OpenBlob) -> Reply | NoReply:
        mark = mark_in(call.json) or mark_in(call.form)
        if mark is None:
            answer = await super().send(call, channel, open_blob)
            asked = self._stops.whose(f"{call.path} {call.query} {call.json}")
            if asked is not None:
                self._stops.reach("poll.answered", asked)
            return answer
        self._stops.reach("call.sending", mark)
        sending = asyncio.ensure_future(super().send(call, channel, open_blob))
        try:
            while "call.accepted" in mark and not self._stops.billed(mark):
                done, _ = await asyncio.wait({sending}, timeout=0.002)
                if done:
                    break
            self._stops.reach("call.accepted", mark)
            answer = await sending
        finally:
            sending.cancel()
        self._stops.reach("call.answered", mark)
        return answer

    async def stream(
        self, call: Call, channel: Channel, open_blob: OpenBlob
    ) -> AsyncGenerator[Reply | NoReply | Line | Closed]:
        mark = mark_in(call.json) or ""
        self._stops.reach("call.sending", mark)
        async with aclosing(super().stream(call, channel, open_blob)) as items:
            async for item in items:
                self._stops.reach("call.accepted", mark)
                if isinstance(item, Closed):
                    self._stops.reach("call.answered", mark)
                yield item

    async def begin(self, out: Outgoing, attempt: Attempt) -> aiohttp.ClientResponse:
        response = await super().begin(out, attempt)
        address = str(out.target.url)
        whose = self._stops.whose(address) if out.method == "GET" and _FILE.search(address) else None
        if whose is not None:
            self._stops.reach("fetch.begun", whose)
        return response


def parts(folder: Path, bills: tuple[Path, ...]) -> Parts:
    """Give the parts of a gateway that stops where its tasks ask for it."""
    stops = Stops(folder, bills)

    async def opened(url: str) -> Backend:
        if url.startswith("sqlite"):
            return StoppingSqlite(await open_backend(url), stops)
        return StoppingPostgres(url, stops)

    return Parts(open_backend=opened, make_client=lambda guard: StoppingClient(guard, stops))


# The process that forks servers.


def _become(order: Mapping[str, Any]) -> None:
    """Take over the environment and the files of an order, as a fresh process would have them."""
    os.environ.clear()
    os.environ.update(order["env"])
    given = os.open(order.get("stdin") or os.devnull, os.O_RDONLY)
    told = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    wrong = os.open(order["errors"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((given, 0), (told, 1), (wrong, 2)):
        os.dup2(source, target)
    os.setsid()


def _serve(order: Mapping[str, Any]) -> NoReturn:
    status = 70
    try:
        _become(order)
        settings = load(data=Path(order["data"]), overrides={"port": 0})
        server.serve(settings, lambda *_: None, parts(Path(order["stops"]), tuple(map(Path, order["bills"]))))
        status = 0
    except BaseException:  # noqa: BLE001 - the end of a process: whatever it is has to be told before it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _code(words: list[str]) -> int:
    try:
        command(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


def _command(order: Mapping[str, Any]) -> NoReturn:
    status = 70
    try:
        _become(order)
        for words in order["commands"]:
            status = _code(words)
            if status:
                break
    except BaseException:  # noqa: BLE001 - the same
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _look(pid: int) -> dict[str, Any]:
    """Say what became of a server: it goes on, it stands still, or it has ended and how."""
    with suppress(ChildProcessError):
        ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if ended == 0:
            return {"state": "goes on"}
        if os.WIFSTOPPED(status):
            return {"state": "stands still"}
        return {"state": "ended", "code": os.waitstatus_to_exitcode(status)}
    return {"state": "gone"}


def main() -> None:
    """Fork what standard input asks for, and answer each order with one line."""
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "look":
            answer = _look(order["pid"])
        else:
            pid = os.fork()
            if pid == 0:
                (_serve if order["do"] == "serve" else _command)(order)
            answer = {"pid": pid, "at": time.time()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
