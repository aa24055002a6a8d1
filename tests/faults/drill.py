"""A drill: servers that stop at named points while upstreams of several families keep their bills; then the audit."""
# ruff: noqa: TID251 - a client, a process and an environment outside the processes under test

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from reelgate.testing.simulators import Script, Simulator, families
from tests.faults.stopping import POINTS, told_by

CLEAN: Final = {k: v for k, v in os.environ.items() if not k.startswith("REELGATE_")}
PATIENCE_S: Final = 90.0
FREEZE_S: Final = 1.2
"""Longer than a lease is taken for ours without looking."""

ACCEPTED: Final = ""
REFUSED: Final = ("refuse", "moderation", "overloaded*1")
DOUBTFUL: Final = (
    *("drop", "drop_after_accept", "error_500_after", "error_502_after", "garbage"),
    *("html", "empty", "null", "wrong_type", "cut_answer"),
)
"""What an upstream can answer a submit with, and leave nobody the wiser."""
OUTCOMES: Final = (ACCEPTED, *REFUSED, *DOUBTFUL)
_ALWAYS: Final = frozenset(
    point for point in POINTS if point.partition(".")[0] in {"create", "intent", "call", "record"}
)
_DOUBT: Final = frozenset({"verdict.inside", "verdict.committed"})


def passes(outcome: str, point: str) -> bool:
    """Tell whether a task whose submit has this outcome comes by a point."""
    if point in _ALWAYS:
        return True
    return outcome in DOUBTFUL if point in _DOUBT else outcome == ACCEPTED


@dataclass(frozen=True, slots=True)
class Incident:
    """One task, what its upstream does, and where its server stops."""

    number: int
    dialect: str
    outcome: str
    point: str | None
    """None for company: a task whose own life is undisturbed, but not its server's."""
    how: Literal["kill", "freeze"] = "kill"

    @property
    def mark(self) -> str:
        """What the prompt says for the server under test."""
        return f"[stop:{self.number}:{self.how}@{self.point}]" if self.point else ""

    @property
    def prompt(self) -> str:
        """What the task is called, on every bill and in every row."""
        fault = f"[fault:{self.outcome}]" if self.outcome else ""
        return f"clip {self.number} {self.mark}{fault}"


def incidents(
    outcomes: Sequence[str],
    dialects: Sequence[str],
    points: Sequence[str] = POINTS,
    *,
    company: int = 0,
    start: int = 0,
    freezes: Callable[[int, str], bool] = lambda nth, _: nth % 2 == 1,
) -> list[Incident]:
    """Cross points with outcomes, killing and freezing, each at the next dialect and in the company of other tasks."""
    numbers, turns = itertools.count(start), itertools.cycle(dialects)
    others = itertools.cycle(OUTCOMES)
    made: list[Incident] = []
    for nth, (outcome, point) in enumerate((o, p) for o in outcomes for p in points if passes(o, p)):
        how: Literal["kill", "freeze"] = "freeze" if freezes(nth, point) else "kill"
        made += [Incident(next(numbers), next(turns), next(others), None) for _ in range(company)]
        made.append(Incident(next(numbers), next(turns), outcome, point, how))
    return made


# The upstreams.


class Upstreams:
    """Simulators on a loop of their own, which outlive every server."""

    def __init__(self, folder: Path, dialects: Sequence[str], script: Script) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self.bills = {d: folder / f"bill-{d}.jsonl" for d in dialects}
        self.simulators = {
            d: Simulator(families()[d], script, bill_path=bill) for d, bill in self.bills.items()
        }
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Upstreams:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        for simulator in self.simulators.values():
            await self._stack.enter_async_context(simulator)

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def charges(self) -> Counter[str]:
        """Count what was charged for each prompt."""
        return Counter(_named(line.prompt) for s in self.simulators.values() for line in list(s.bill.lines))


_PROMPT: Final = re.compile(r"clip \d+ (?:\[stop:[^\]]*\])?(?:\[fault:[^\]]*\])?")


def _named(text: str) -> str:
    """Find the prompt in what a bill says was asked for; a graph has other texts around it."""
    found = _PROMPT.search(text)
    return (text if found is None else found[0]).strip()


# The servers.


class Zygote:
    """A process that has imported everything and forks servers and commands on request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = (folder / "zygote.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.stopping"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=CLEAN,
            cwd=Path(__file__).parents[2],
        )
        self.alive: set[int] = set()

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        ask, told = self._process.stdin, self._process.stdout
        assert ask is not None
        assert told is not None
        ask.write(json.dumps(order).encode() + b"\n")
        ask.flush()
        ready, _, _ = select.select([told], [], [], PATIENCE_S)
        assert ready, (self.folder / "zygote.log").read_text()[-4000:]
        return json.loads(told.readline())

    def fork(self, **order: Any) -> int:
        """Have a process forked; it is ended with the zygote at the latest."""
        pid = self.ask(**order)["pid"]
        self.alive.add(pid)
        return pid

    def look(self, pid: int) -> dict[str, Any]:
        """Say what became of a process."""
        found = self.ask(do="look", pid=pid)
        if found["state"] in ("ended", "gone"):
            self.alive.discard(pid)
        return found

    def close(self) -> None:
        """End whatever is left."""
        for pid in self.alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()


@contextmanager
def zygote(folder: Path) -> Iterator[Zygote]:
    """Run a zygote for as long as the block lasts."""
    made = Zygote(folder)
    try:
        yield made
    finally:
        made.close()


@dataclass
class Drill:
    """A data folder, the upstreams beside it, and the lives of its server."""

    folder: Path
    zygote: Zygote
    upstreams: Upstreams
    env: dict[str, str] = field(default_factory=dict[str, str])
    key: str = ""
    address: str = ""
    pid: int = 0
    lives: int = 0
    reached: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    missed: list[Incident] = field(default_factory=list[Incident])
    ids: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def set_up(self) -> None:
        """Make a key and a channel to each upstream."""
        self.data.mkdir()
        (self.folder / "stops").mkdir()
        self.env = {
            **CLEAN,
            "REELGATE_UNCONFIRMED_TIMEOUT_S": "3",
            # A channel that is left alone after so many doubts would keep the next incident from happening.
            "REELGATE_BREAKER_AFTER": "0",
            "REELGATE_LOG_LEVEL": "warning",
            **self.env,
        }
        self.key = json.loads(self.command("keys", "create", "drill", "--json"))["key"]
        self.commands([self._adding(simulator) for simulator in self.upstreams.simulators.values()])

    def _adding(self, simulator: Simulator) -> list[str]:
        family = simulator.family
        words = [
            "channels",
            "add",
            family.dialect,
            "--dialect",
            family.dialect,
            "--base-url",
            simulator.base_url,
        ]
        words += ["--self-hosted", "--model", f"{family.dialect}={family.model}", "--concurrency", "40"]
        words += ["--poll-seconds", "0.3"]
        if family.key:
            secret = self.folder / f"{family.dialect}.key"
            secret.write_text(family.key)
            words += ["--secret-file", str(secret)]
        for name, value in family.settings.items():
            words += ["--setting", f"{name}={msgspec.json.encode(value).decode()}"]
        return words

    def command(self, *words: str) -> str:
        """Run one command on the data folder and give what it prints."""
        return self.commands([list(words)])

    def commands(self, each: Sequence[list[str]]) -> str:
        """Run commands on the data folder, one after the other in one process, and give what they print."""
        number = len(list(self.folder.glob("command-*.log")))
        log, wrong = self.folder / f"command-{number}.log", self.folder / "command.err"
        words = [["--data", str(self.data), *words] for words in each]
        pid = self.zygote.fork(do="command", env=self.env, commands=words, log=str(log), errors=str(wrong))
        code = self._until_ended(pid)
        told = log.read_text()
        assert code == 0, f"{each}: {code}: {told}{wrong.read_text()[-2000:]}"
        return told

    def _until_ended(self, pid: int) -> int:
        end = time.monotonic() + PATIENCE_S
        while (found := self.zygote.look(pid))["state"] != "ended":
            assert time.monotonic() < end, "it does not end"
            time.sleep(0.01)
        return found["code"]

    # One life after the other.

    def start(self) -> None:
        """Begin the next life, once its address is known."""
        note = self.data / "server.json"
        note.unlink(missing_ok=True)
        bills = [str(bill) for bill in self.upstreams.bills.values()]
        places = {"data": str(self.data), "log": str(self.folder / "server.out")}
        places["errors"] = str(self.folder / "server.log")
        self.pid = self.zygote.fork(
            do="serve", env=self.env, stops=str(self.folder / "stops"), bills=bills, **places
        )
        self.lives += 1
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(FileNotFoundError, json.JSONDecodeError):
                self.address = json.loads(note.read_text())["url"]
                return
            # A task found on the way up may be where this life stops, too.
            if self._stopped():
                return
            time.sleep(0.005)
        raise AssertionError(self._log())

    def _log(self) -> str:
        return (self.folder / "server.log").read_text()[-4000:]

    def _stopped(self) -> bool:
        """Have what stands still go on after a while; tells whether there is no server any more."""
        if self.pid == 0:
            return True
        found = self.zygote.look(self.pid)
        if found["state"] == "stands still":
            time.sleep(FREEZE_S)
            os.kill(self.pid, signal.SIGCONT)
            return False
        if found["state"] == "goes on":
            return False
        assert found.get("code") in (-signal.SIGKILL, None), (found, self._log())
        self.pid = 0
        return True

    def live(self) -> None:
        """See to it that there is a server."""
        while self._stopped():
            self.start()

    def create(self, incident: Incident) -> None:
        """Ask for a clip until somebody answers, however many lives that takes."""
        body = {"model": incident.dialect, "prompt": incident.prompt}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            self.live()
            status, answer = self._post(incident, body)
            if status == 200:
                self.ids.setdefault(incident.prompt, set()).add(answer["id"])
                return
            assert status in (0, 503), answer
        raise AssertionError(f"nobody answers for {incident}")

    def _post(self, incident: Incident, body: dict[str, Any]) -> tuple[int, Any]:
        split = urlsplit(self.address)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=5)
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"drill-{incident.number}",
        }
        try:
            connection.request("POST", "/v1/videos", json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return 0, None
        finally:
            connection.close()

    def go_through(self, planned: Sequence[Incident]) -> None:
        """Let every incident happen, each in the company of the ones before it."""
        for incident in planned:
            self.create(incident)
            if incident.point is not None:
                self._happens(incident)

    def _happens(self, incident: Incident) -> None:
        mark = self.folder / "stops" / told_by(incident.mark)
        end = time.monotonic() + PATIENCE_S
        while not mark.exists():
            self.live()
            if self._over(incident) and not mark.exists():
                self.missed.append(incident)
                return
            assert time.monotonic() < end, f"{incident} does not happen"
            time.sleep(0.01)
        self.reached[incident.point or "", incident.how] += 1

    def _over(self, incident: Incident) -> bool:
        found = self.rows("SELECT finished_at FROM tasks WHERE prompt = ?", incident.prompt)
        return bool(found) and found[0][0] is not None

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with closing(
            sqlite3.connect(f"file:{self.data / 'reelgate.db'}?mode=ro", uri=True, timeout=30)
        ) as conn:
            return conn.execute(statement, values).fetchall()

    def finish(self) -> None:
        """Let every task end, and the last server with them."""
        end = time.monotonic() + PATIENCE_S
        while self.rows("SELECT count(*) FROM tasks WHERE finished_at IS NULL") != [(0,)]:
            self.live()
            assert time.monotonic() < end, self.rows(
                "SELECT status, prompt FROM tasks WHERE finished_at IS NULL"
            )
            time.sleep(0.1)
        code = -signal.SIGKILL
        # The last stop kills right after the commit that ended its task, so maybe only now.
        while code == -signal.SIGKILL:
            self.live()
            os.kill(self.pid, signal.SIGTERM)
            code = self._until_ended(self.pid)
            self.pid = 0
        assert code == 0, (code, self._log())


# The audit.


@dataclass(frozen=True)
class Audit:
    """What is left when everything has ended: the upstreams' bills beside our books."""

    tasks: int
    billed: int
    captured: int
    open_taken: int
    """Disputed, held, and on a bill."""
    open_unknown: int
    """Disputed, held, and on no bill: nobody here can know that."""
    statuses: Counter[str]

    def __str__(self) -> str:
        sums = f"bill {self.billed} = captures {self.captured} + open {self.open_taken}"
        return f"{self.tasks} tasks; {sums}; {self.open_unknown} open and never taken; {dict(self.statuses)}"


_BOOKS: Final = """
    SELECT t.prompt, t.status, t.disputed, t.error,
        count(CASE WHEN l.kind = 'capture' AND (l.amount > 0 OR t.status = 'completed') THEN 1 END),
        count(CASE WHEN l.kind = 'hold' AND l.closed_at IS NULL THEN 1 END),
        count(CASE WHEN l.kind = 'hold' THEN 1 END)
    FROM tasks t LEFT JOIN ledger l ON l.task_id = t.id GROUP BY t.id
"""


def audit(drill: Drill) -> Audit:
    """Compare what was billed with what was captured or still is in doubt, task by task, and check every invariant.

    Raises AssertionError where they differ.
    """
    charges = drill.upstreams.charges()
    books = {row[0].strip(): row[1:] for row in drill.rows(_BOOKS)}
    strange = charges.keys() - books.keys()
    assert not strange, f"an upstream was paid for what nobody asked for: {sorted(strange)[:5]}"
    assert all(len(ids) == 1 for ids in drill.ids.values()), "a repeated request became a second task"
    assert len(books) == len(drill.ids) == drill.rows("SELECT count(*) FROM tasks")[0][0]
    for prompt, (status, disputed, error, captures, opened, holds) in books.items():
        about = (prompt, status, disputed, error, captures, opened, holds, charges[prompt])
        assert charges[prompt] <= 1, about
        assert holds == 1, about
        assert captures + opened <= 1, about
        assert (charges[prompt] == 0) or captures + opened == 1, about
        assert captures == 0 or charges[prompt] == 1, about
        assert (opened == 1) == bool(disputed), about
        assert opened == 0 or '"submission_unknown"' in (error or ""), about
        assert captures == (status == "completed"), about
    drill.command("doctor", "--invariants")
    return Audit(
        tasks=len(books),
        billed=charges.total(),
        captured=sum(row[3] for row in books.values()),
        open_taken=sum(row[4] for prompt, row in books.items() if charges[prompt]),
        open_unknown=sum(row[4] for prompt, row in books.items() if not charges[prompt]),
        statuses=Counter(row[0] for row in books.values()),
    )


def run_drill(folder: Path, planned: Sequence[Incident], script: Script | None = None) -> tuple[Drill, Audit]:
    """Let incidents happen to servers on SQLite, and audit what is left."""
    dialects = sorted({incident.dialect for incident in planned})
    given = script or Script(queue_s=0.05, run_s=0.3)
    with Upstreams(folder, dialects, given) as upstreams, zygote(folder) as forks:
        drill = Drill(folder, forks, upstreams)
        drill.set_up()
        drill.go_through(planned)
        drill.finish()
        return drill, audit(drill)
