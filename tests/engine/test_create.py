"""Create: one transaction for a task, its hold, its event; equal creates are one; nothing is bent silently."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reelgate.core.errors import CallerError, Code
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.task import Size, Verb
from reelgate.engine.context import Draft
from reelgate.engine.create import Created, IdempotencyClaim, create
from reelgate.store import ledger as ledger_rows
from reelgate.store import lineage as lineage_rows
from reelgate.store import tasks as task_rows
from reelgate.store.tables import DEFAULT_ACCOUNT
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished
from tests.engine.conftest import WHO, Bench, open_bench

KEYED = IdempotencyClaim(kind="explicit", fingerprint="f1", key="order-1")
FIRST = IdempotencyClaim(kind="first", fingerprint="f1")
RETRY = IdempotencyClaim(kind="retry", fingerprint="f1")


def draft(prompt: str = "a kite", **more: object) -> Draft:
    return Draft(model="demo", prompt=prompt, seconds=4, size=Size(64, 64), **more)  # pyright: ignore[reportArgumentType]


async def make(bench: Bench, claim: IdempotencyClaim | None = None, prompt: str = "a kite") -> Created:
    return await create(bench.ctx, WHO, draft(prompt), claim)


async def refused(bench: Bench, given: Draft, claim: IdempotencyClaim | None = None) -> CallerError:
    with pytest.raises(CallerError) as error:
        await create(bench.ctx, WHO, given, claim)
    return error.value


async def count(bench: Bench) -> int:
    return sum((await bench.ctx.backend.read(task_rows.counts)).values())


async def test_sixty_four_equal_creates_at_once_are_one_task(bench: Bench) -> None:
    made = await asyncio.gather(*(make(bench, KEYED) for _ in range(64)))

    assert len({c.task.id for c in made}) == 1
    assert sum(not c.replayed for c in made) == 1
    assert await count(bench) == 1


async def test_a_key_used_for_another_request_is_refused_and_nothing_is_made(bench: Bench) -> None:
    await make(bench, KEYED)

    other = IdempotencyClaim(kind="explicit", fingerprint="f2", key="order-1")
    error = await refused(bench, draft("another"), other)

    assert error.failure.param == "Idempotency-Key"
    assert await count(bench) == 1


async def test_an_sdks_own_retry_is_the_first_create_and_a_wish_for_two_is_two(bench: Bench) -> None:
    one = await make(bench, FIRST)
    two = await make(bench, FIRST)

    again = await make(bench, RETRY)

    assert one.task.id != two.task.id
    assert again.replayed
    assert again.task.id in (one.task.id, two.task.id)
    assert await count(bench) == 2


async def test_a_retry_long_after_is_a_new_create(bench: Bench) -> None:
    await make(bench, FIRST)
    bench.clock.jump_wall(bench.ctx.rules.retry_window_s + 1)

    assert not (await make(bench, RETRY)).replayed


async def test_a_key_holds_after_a_restart_and_after_its_model_is_gone(
    tmp_path: Path, upstream: Scripted, clock: FakeClock
) -> None:
    async with open_bench(tmp_path, upstream, clock) as bench:
        first = await make(bench, KEYED)

    async with open_bench(tmp_path, upstream, clock) as bench:
        bench.ctx.channels.replace([], {})
        again = await make(bench, KEYED)

    assert again.replayed
    assert again.task.id == first.task.id


async def test_what_a_model_cannot_do_is_refused_naming_the_parameter_and_what_it_can(bench: Bench) -> None:
    error = await refused(bench, Draft(model="demo", prompt="x", seconds=61, size=Size(64, 64)))

    assert error.failure.param == "seconds"
    assert "1 to 60" in error.failure.message
    assert await count(bench) == 0


async def test_an_unknown_model_is_refused_with_the_known_ones(bench: Bench) -> None:
    error = await refused(bench, Draft(model="nope", prompt="x"))

    assert error.failure.param == "model"
    assert "`demo`" in error.failure.message


async def test_sixty_four_creates_with_credit_for_three_make_three(bench: Bench) -> None:
    await bench.ctx.backend.write(
        lambda conn: ledger_rows.set_credit_limit(conn, DEFAULT_ACCOUNT, Micro(1_200_000))
    )

    made = await asyncio.gather(*(make(bench, prompt=f"p{n}") for n in range(64)), return_exceptions=True)

    short = [e for e in made if isinstance(e, CallerError)]
    assert len(short) == 61
    assert {e.failure.code for e in short} == {Code.INSUFFICIENT_CREDIT}
    assert await count(bench) == 3
    assert await bench.violations() == []


async def test_a_remix_takes_over_what_its_prompt_does_not_say_and_is_linked_to_its_source(
    bench: Bench,
) -> None:
    """Shows 004-05."""

    bench.upstream.sights["job-1"].append(finished())
    parent = await bench.create("a kite")
    await bench.until(parent.id)

    child = await create(bench.ctx, WHO, Draft(verb=Verb.REMIX, prompt="at night", parent_id=parent.id))

    assert child.task.model == parent.model
    assert child.task.request.seconds == 4
    assert child.task.request.size == parent.request.size
    edges = await bench.ctx.backend.point(lambda conn: lineage_rows.parents(conn, child.task.id))
    assert [(e.parent_id, e.verb) for e in edges] == [(parent.id, Verb.REMIX)]


async def test_only_a_completed_clip_can_be_worked_from(bench: Bench) -> None:
    """Shows 004-03."""

    parent = await bench.create()

    error = await refused(bench, Draft(verb=Verb.EXTEND, prompt="on", seconds=4, parent_id=parent.id))

    assert error.failure.code is Code.NOT_READY


async def test_an_extension_answers_with_the_stitched_length(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(finished())
    parent = await bench.create()
    await bench.until(parent.id, Status.COMPLETED)

    made = await create(bench.ctx, WHO, Draft(verb=Verb.EXTEND, prompt="on", seconds=6, parent_id=parent.id))

    assert made.task.request.total_seconds == 10
    assert made.task.quote == 600_000
