"""List: the first page of a project with a thousand tasks and with a million."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.gateway import Gateway, upstream
from bench.load import Measured, drive

FEW = 1_000
MANY = 1_000_000
STEP = 20_000
ROUNDS = 5
PATH = ["/v1/videos?limit=20"]


def measure(bench: Bench) -> Scenario:
    """Measure both folders in turn, several times over, on servers that run side by side but idle."""
    few, many = FEW, bench.sized(MANY)
    rounds = 2 if bench.quick else ROUNDS
    with bench.place("list") as folder, upstream(folder) as up:
        gateways = {few: _seeded(bench, folder, up, few), many: _seeded(bench, folder, up, many)}
        seen: dict[int, list[Measured]] = {few: [], many: []}
        with gateways[few].serving(), gateways[many].serving():
            for turn in range(rounds):
                for size, gateway in gateways.items():
                    bench.say(f"list: {size:,} tasks, round {turn + 1} of {rounds}")
                    seen[size].append(_load(bench, gateway))
                bench.advance(0.6 + 0.4 * (turn + 1) / rounds)
    return _scenario(few, many, seen)


def _load(bench: Bench, gateway: Gateway) -> Measured:
    return drive(
        gateway.url,
        "GET",
        PATH,
        gateway.key,
        seconds=bench.seconds / 4,
        warm_s=bench.warm_s / 3,
        connections=1,
    )


def _seeded(bench: Bench, folder: Path, up: str, count: int) -> Gateway:
    """Make a gateway whose project has `count` ended tasks: one real one, copied row by row."""
    bench.say(f"list: writing {count:,} tasks")
    home = folder / str(count)
    home.mkdir()
    gateway = Gateway(home, up)
    with gateway.serving():
        gateway.create("a boat on a lake at dawn")
    seed(gateway.data / "reelgate.db", count, lambda share: bench.advance(0.6 * share))
    return gateway


def seed(path: Path, count: int, tell: Callable[[float], None]) -> None:
    """Fill the task table by copies of its one row, each with an id and a time of its own, all ended."""
    db = sqlite3.connect(path, isolation_level=None)
    columns = [row[1] for row in db.execute("PRAGMA table_info(tasks)")]
    (original,) = db.execute("SELECT id FROM tasks").fetchone()
    changed = {
        "id": "'video_' || printf('%026d', n.value)",
        "created_at": "t.created_at - 1000 * n.value",
        "status": "'failed'",
        "finished_at": "t.created_at",
        "attempt_id": "NULL",
    }
    picked = ", ".join(changed.get(name, f"t.{name}") for name in columns)
    statement = (
        "WITH RECURSIVE n(value) AS (SELECT ? UNION ALL SELECT value + 1 FROM n WHERE value < ?) "  # noqa: S608 - names out of the schema
        f"INSERT INTO tasks ({', '.join(columns)}) "
        f"SELECT {picked} FROM n CROSS JOIN tasks t WHERE t.id = ?"
    )
    for first in range(1, count, STEP):
        db.execute(statement, (first, min(count - 1, first + STEP - 1), original))
        tell(min(1.0, (first + STEP) / count))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _scenario(few: int, many: int, seen: dict[int, list[Measured]]) -> Scenario:
    name = "list"
    median = {size: sorted(m.p50_ms for m in rounds)[len(rounds) // 2] for size, rounds in seen.items()}
    return Scenario(
        name=name,
        figures=[
            Figure(
                scenario=name,
                what=f"first page at {many:,} tasks beside {few:,}",
                value=ratio(median[many], median[few]),
                unit="×",
                sense="at most",
                goal=2,
            )
        ],
        raw={
            f"{size:,} tasks": {"p50_ms": round(median[size], 3), "p99_ms": max(m.p99_ms for m in rounds)}
            for size, rounds in seen.items()
        },
    )
