"""`/health` and `/ready`: alive or not, ready or not, why not, and never a 500 (rows 001-29, 003-04, 003-14)."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from reelgate.api import build_app
from reelgate.engine.context import Context
from reelgate.engine.readiness import KEEP_S, Readiness
from reelgate.store.backend import Backend, Connection, StoreError
from tests.api.harness import PEPPER, Answer, Bench


class Backends:
    """A backend whose writers meet something."""

    kind = "sqlite"

    def __init__(self, real: Backend, meet: Callable[[], Any]) -> None:
        self._real = real
        self._meet = meet
        self.writes = 0

    async def write(self, work: Any) -> Any:
        self.writes += 1
        await self._meet()
        return await self._real.write(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def with_backend(bench: Bench, meet: Callable[[], Any]) -> tuple[Bench, Backends]:
    backend = Backends(bench.ctx.backend, meet)
    ctx: Context = dataclasses.replace(bench.ctx, backend=backend)
    return dataclasses.replace(bench, ctx=ctx, app=build_app(ctx, PEPPER)), backend


def reasons(answer: Answer) -> list[str]:
    """The reasons of a 503; checks that a load balancer and an SDK both understand it."""
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    said = answer.json()
    assert said["status"] == "not_ready"
    assert said["error"]["message"] == " ".join(said["reasons"])
    return said["reasons"]


async def test_health_says_that_it_lives_and_what_it_is_without_a_key(bench: Bench) -> None:
    answer = await bench.ask("GET", "/health", key=None)

    said = answer.json()
    assert answer.status == 200
    assert said["status"] == "ok"
    assert said["success"] is True
    assert {"version", "role", "timestamp", "uptime"} <= set(said)


async def test_ready_says_yes_while_everything_it_needs_answers(bench: Bench) -> None:
    answer = await bench.ask("GET", "/ready", key=None)

    assert answer.status == 200
    assert answer.json() == {"status": "ready", "role": "all"}


async def test_a_database_that_takes_no_writes_is_a_reason_though_it_still_answers_readers(
    bench: Bench,
) -> None:
    async def refuse() -> None:
        msg = "the disk is full"
        raise StoreError(msg)

    broken, _ = with_backend(bench, refuse)

    assert reasons(await broken.ask("GET", "/ready", key=None)) == [
        "The database cannot be written to: StoreError."
    ]
    assert (await broken.ask("GET", "/health", key=None)).status == 200


async def test_a_database_that_hangs_is_a_reason_after_a_moment(bench: Bench) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    stuck, _ = with_backend(bench, hang)

    found = await Readiness(stuck.ctx, patience_s=0.05).reasons()

    assert found == ("The database does not answer within 0.05 s.",)


async def test_a_schema_this_program_does_not_know_is_a_reason(bench: Bench) -> None:
    def age(conn: Connection) -> None:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = 'from_the_future'")
        conn.exec_driver_sql("UPDATE database_facts SET value = 'from_the_future' WHERE name = 'min_reader'")

    await bench.ctx.backend.write(age)

    [reason] = reasons(await bench.ask("GET", "/ready", key=None))

    assert "from_the_future" in reason


async def test_a_data_folder_that_takes_no_files_is_a_reason(bench: Bench, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "spool")

    [reason] = reasons(await bench.ask("GET", "/ready", key=None))

    assert reason.startswith("The data folder cannot be written to:")


async def test_a_surprise_is_a_no_and_never_a_500(bench: Bench) -> None:
    async def surprise() -> None:
        msg = "sk-not-to-be-shown"
        raise RuntimeError(msg)

    odd, _ = with_backend(bench, surprise)

    answer = await odd.ask("GET", "/ready", key=None)

    assert reasons(answer) == ["It could not be found out: RuntimeError."]
    assert b"sk-not" not in answer.body


async def test_a_crowd_that_asks_at_once_costs_one_look_and_the_answer_is_kept_for_a_moment(
    bench: Bench,
) -> None:
    gate = asyncio.Event()
    watched, backend = with_backend(bench, gate.wait)
    readiness = Readiness(watched.ctx)

    crowd = [asyncio.create_task(readiness.reasons()) for _ in range(50)]
    await asyncio.sleep(0)
    crowd[0].cancel()
    gate.set()
    answers = await asyncio.gather(*crowd, return_exceptions=True)

    assert answers[1:] == [()] * 49
    assert await readiness.reasons() == ()
    assert backend.writes == 1
    await bench.clock.advance(KEEP_S + 0.1)
    assert await readiness.reasons() == ()
    assert backend.writes == 2


async def test_it_is_ready_again_when_the_reason_is_gone(bench: Bench, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "spool")
    assert reasons(await bench.ask("GET", "/ready", key=None))

    (tmp_path / "spool").mkdir()
    await bench.clock.advance(KEEP_S + 0.1)

    assert (await bench.ask("GET", "/ready", key=None)).status == 200


@pytest.mark.parametrize(
    "trouble",
    [
        StoreError("the disk is full"),
        OperationalError("INSERT …", {}, Exception("terminating connection")),
        sqlite3.OperationalError("database is locked"),
    ],
)
async def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(
    bench: Bench, trouble: Exception
) -> None:
    async def refuse() -> None:
        raise trouble

    broken, _ = with_backend(bench, refuse)

    answer = await broken.post("/v1/videos", {"prompt": "a red kite", "size": "64x64"})

    assert (answer.status, answer.error["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-should-retry"] == "true"


async def test_a_statement_that_is_wrong_is_our_fault_and_not_repeated(bench: Bench) -> None:
    async def refuse() -> None:
        raise IntegrityError("INSERT …", {}, Exception("a value is missing"))

    broken, _ = with_backend(bench, refuse)

    answer = await broken.post("/v1/videos", {"prompt": "a red kite", "size": "64x64"})

    assert (answer.status, answer.headers["x-should-retry"]) == (500, "false")
