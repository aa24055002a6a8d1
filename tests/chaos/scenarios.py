"""What is done to the fleet while it works: one function each, that does harm until its time is over."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos.stage import Slot, Stage
from tests.distributed.conftest import until
from tests.storage.proxy import Seen

RESUMED_S = 30.0
"""Within this time somebody works on every task of a worker that died."""

_SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\ncontent-type: application/xml\r\ncontent-length: 41\r\n\r\n"
    b"<Error><Code>SlowDown</Code></Error>     "
)
_BROKEN = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"

UPSTREAM_FAULTS = (
    "refuse", "moderation", "rate_limited=1*1", "overloaded*1", "error_500", "error_502", "drop", "login_page",
    "drop_after_accept", "error_500_after", "error_504_after", "garbage", "html", "empty", "null", "no_id",
    "cut_answer", "fails", "fails_moderation", "withheld", "regress", "unknown_word", "shouting",
    "progress_over", "flapping", "poll_html", "poll_empty", "poll_null", "poll_error", "poll_200_error",
    "truncated", "content_error", "range_ignored", "changed_etag",
)  # fmt: skip


@dataclass
class Harm:
    """What was done, and what came of it."""

    kills: int = 0
    freezes: int = 0
    restarts: int = 0
    down_s: float = 0.0
    cut: int = 0
    refused: int = 0
    still: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When somebody died, and until when nobody else could be blamed for that."""


@dataclass(frozen=True)
class Scenario:
    """One kind of harm, with how long it lasts and how many clips are made meanwhile."""

    name: str
    says: str
    seconds: float
    tasks: int
    act: Callable[[Stage, float, Harm], None]
    faults: Sequence[str] = ()
    """What the upstream does wrong, one for each of these clips; the others are well."""
    resumes: bool = False
    """Whether it is measured how soon the tasks of the dead go on."""
    kills_servers: bool = False

    def prompts(self, stage: Stage) -> list[str]:
        """Write what is asked for; no two are the same."""
        made: list[str] = []
        for number in range(self.tasks):
            fault = self.faults[number % len(self.faults)] if self.faults and number % 2 else ""
            made.append(f"{self.name} {number:04d}" + (f" [fault:{_marked(fault)}]" if fault else ""))
        stage.rng.shuffle(made)
        return made


def _marked(fault: str) -> str:
    """Write a fault as prompts ask for it: `name*times=argument`."""
    name, _, times = fault.partition("*")
    name, _, argument = name.partition("=")
    return name + (f"*{times}" if times else "") + (f"={argument}" if argument else "")


def kill_some(stage: Stage, end: float, harm: Harm) -> None:
    """Every ten seconds kill thirty percent of the workers: with two, one of them six times in ten."""
    while time.monotonic() < end:
        if stage.rng.random() < 0.6 or not harm.kills:
            _kill_and_restart(stage, [stage.rng.choice(stage.workers)], harm, stage.rng.uniform(1.0, 4.0))
        _pause(stage, 10.0, end)


def kill_all(stage: Stage, end: float, harm: Harm) -> None:
    """Kill every worker at the same moment, again and again."""
    while time.monotonic() < end:
        _kill_and_restart(stage, stage.workers, harm, stage.rng.uniform(0.0, 2.0))
        _pause(stage, 13.0, end)


def _kill_and_restart(stage: Stage, slots: Sequence[Slot], harm: Harm, after_s: float) -> None:
    died = [stage.kill(slot) for slot in slots]
    harm.kills += len(slots)
    harm.still.append((died[-1], died[-1] + RESUMED_S * 2))
    time.sleep(after_s)
    for slot in slots:
        stage.again(slot)
    for slot in slots:
        stage.ready(slot)


def freeze(stage: Stage, end: float, harm: Harm) -> None:
    """Stop a worker for longer than its heartbeat, let others take its tasks, and let it go on as if nothing was."""
    heartbeat_s = float(stage.fleet.env["REELGATE_HEARTBEAT_S"])
    while time.monotonic() < end:
        zombie = stage.rng.choice(stage.workers)
        zombie.process.signal(signal.SIGSTOP)
        froze = time.time()
        time.sleep(heartbeat_s + stage.rng.uniform(4.0, 7.0))
        harm.still.append((froze, time.time()))
        zombie.process.signal(signal.SIGCONT)
        harm.freezes += 1
        time.sleep(stage.rng.uniform(1.0, 3.0))


def restart_database(stage: Stage, end: float, harm: Harm) -> None:
    """Take the database away every three to ten seconds, for up to five, or throw clients out of it."""
    while time.monotonic() < end:
        if stage.rng.random() < 0.3:
            harm.cut += stage.database.throw_out(stage.fleet.url, stage.rng, 0.5)
        else:
            _restart(stage, harm)
        _pause(stage, stage.rng.uniform(3.0, 10.0), end)


def _restart(stage: Stage, harm: Harm) -> None:
    seconds = stage.rng.uniform(0.0, 5.0)
    stage.database.take_away(stage.rng.choice(("fast", "immediate")))
    time.sleep(seconds)
    stage.database.bring_back()
    harm.restarts += 1
    harm.down_s = max(harm.down_s, seconds)


def trouble_storage(stage: Stage, end: float, harm: Harm) -> None:
    """Answer for the bucket with errors, cut its answers, and now and then say nothing at all."""

    def answer(_: Seen) -> bytes | None:
        draw = stage.rng.random()
        if draw < 0.35:
            harm.refused += 1
        return _SLOW_DOWN if draw < 0.25 else _BROKEN if draw < 0.35 else None

    while time.monotonic() < end:
        stage.proxy.answer = answer
        stage.proxy.cut_after.extend(stage.rng.randrange(1, 2_000) for _ in range(5))
        _pause(stage, 6.0, end)
        stage.proxy.silent = True
        time.sleep(1.5)
        stage.proxy.silent, stage.proxy.let_go = False, True
        time.sleep(0.5)
        stage.proxy.let_go = False
        stage.proxy.answer = lambda _: None
        _pause(stage, 2.0, end)
    stage.proxy.cut_after.clear()


def wait(stage: Stage, end: float, harm: Harm) -> None:
    """Do nothing: the upstream does harm enough."""
    time.sleep(max(0.0, end - time.monotonic()))


def everything(stage: Stage, end: float, harm: Harm) -> None:
    """Do all of it, one after another as chance has it, and kill servers as well."""
    heartbeat_s = float(stage.fleet.env["REELGATE_HEARTBEAT_S"])
    acts: list[Callable[[], None]] = [
        lambda: _kill_and_restart(stage, [stage.rng.choice(stage.workers)], harm, 0.5),
        lambda: _kill_and_restart(stage, [stage.rng.choice(stage.apis)], harm, 0.2),
        lambda: _restart(stage, harm),
        lambda: _freeze_through_a_restart(stage, harm, heartbeat_s + 2.0),
        lambda: _kill_and_restart(stage, stage.workers, harm, 0.0),
        lambda: trouble_storage(stage, time.monotonic() + 3.0, harm),
    ]
    stage.rng.shuffle(acts)
    turn = 0
    while time.monotonic() < end or turn < len(acts):
        acts[turn % len(acts)]()
        turn += 1
        time.sleep(stage.rng.uniform(0.5, 1.5))


def _freeze_through_a_restart(stage: Stage, harm: Harm, seconds: float) -> None:
    zombie = stage.rng.choice(stage.workers)
    zombie.process.signal(signal.SIGSTOP)
    _restart(stage, harm)
    time.sleep(seconds)
    zombie.process.signal(signal.SIGCONT)
    harm.freezes += 1


def _pause(stage: Stage, seconds: float, end: float) -> None:
    time.sleep(max(0.0, min(seconds, end - time.monotonic())))


def heal(stage: Stage) -> None:
    """Undo whatever is still being done."""
    stage.proxy.silent = False
    stage.proxy.answer = lambda _: None
    stage.proxy.cut_after.clear()
    for slot in stage.slots:
        until(lambda s=slot: s.process.process.poll() is None)
        slot.process.signal(signal.SIGCONT)


WHOLE = (
    Scenario("kill some", "SIGKILL of 30 % of the workers every 10 s", 45, 320, kill_some, resumes=True),
    Scenario("kill all", "SIGKILL of all workers at once", 40, 280, kill_all, resumes=True),
    Scenario("freeze", "SIGSTOP of a worker beyond its heartbeat", 50, 320, freeze, resumes=True),
    Scenario("database", "PostgreSQL away every 3-10 s", 45, 320, restart_database),
    Scenario("storage", "S3 errors, cuts and silence", 35, 280, trouble_storage),
    Scenario("upstream", "the upstream misbehaves", 30, 280, wait, faults=UPSTREAM_FAULTS),
    Scenario(
        "everything", "all of it at once, servers killed too", 50, 320, everything,
        faults=UPSTREAM_FAULTS, kills_servers=True,
    ),
)  # fmt: skip

SHORT = (
    Scenario(
        "everything", "all of it at once, servers killed too", 12, 80, everything,
        faults=UPSTREAM_FAULTS, kills_servers=True,
    ),
)  # fmt: skip
