from __future__ import annotations

import asyncio
from itertools import count

import pytest
from sqlalchemy.exc import IntegrityError

from reelgate.core.lifecycle import Status
from reelgate.core.money import EntryKind, Micro, Settlement, settle
from reelgate.store import invariants, ledger, projects, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.tables import DEFAULT_ACCOUNT, DEFAULT_PROJECT, DEFAULT_USER
from tests.store.samples import NOW, a_task

PRICE = 400_000

_numbers = count(1)


def _id() -> str:
    return f"led_{next(_numbers)}"


def _create(conn: Connection, task_id: str = "video_1", amount: int = PRICE) -> None:
    tasks.insert(conn, a_task(task_id))
    ledger.hold(conn, DEFAULT_ACCOUNT, task_id, amount, "USD", NOW, _id())


def _close(conn: Connection, task_id: str = "video_1", *, capture: int, release: int) -> bool:
    settlement = Settlement(capture=Micro(capture), release=Micro(release))
    return ledger.close(conn, task_id, settlement, NOW + 1, _id)


async def _account(backend: Backend) -> ledger.Account:
    account = await backend.point(lambda conn: ledger.balance(conn, DEFAULT_ACCOUNT))
    assert account is not None
    return account


async def _kinds(backend: Backend, task_id: str = "video_1") -> list[tuple[EntryKind, int]]:
    rows = await backend.read(lambda conn: ledger.entries(conn, task_id=task_id))
    return sorted((row.kind, row.amount) for row in rows)


async def test_a_hold_is_captured(backend: Backend) -> None:
    await backend.write(_create)
    account = await _account(backend)
    assert (account.balance, account.held, account.available) == (0, PRICE, None)
    assert await backend.write(lambda conn: _close(conn, capture=PRICE, release=0))
    account = await _account(backend)
    assert (account.balance, account.held) == (-PRICE, 0)
    assert await _kinds(backend) == [(EntryKind.CAPTURE, PRICE), (EntryKind.HOLD, PRICE)]


async def test_a_hold_is_released(backend: Backend) -> None:
    await backend.write(_create)
    assert await backend.write(lambda conn: _close(conn, capture=0, release=PRICE))
    account = await _account(backend)
    assert (account.balance, account.held) == (0, 0)
    assert await _kinds(backend) == [(EntryKind.HOLD, PRICE), (EntryKind.RELEASE, PRICE)]


async def test_a_hold_is_captured_in_part(backend: Backend) -> None:
    await backend.write(_create)
    assert await backend.write(lambda conn: _close(conn, capture=100_000, release=300_000))
    account = await _account(backend)
    assert (account.balance, account.held) == (-100_000, 0)
    assert len(await _kinds(backend)) == 3


async def test_a_hold_of_nothing_is_closed_once_too(backend: Backend) -> None:
    await backend.write(lambda conn: _create(conn, amount=0))
    assert await backend.write(lambda conn: _close(conn, capture=0, release=0))
    assert not await backend.write(lambda conn: _close(conn, capture=0, release=0))
    assert await _kinds(backend) == [(EntryKind.CAPTURE, 0), (EntryKind.HOLD, 0)]


async def test_a_closed_or_absent_hold_is_not_closed_again(backend: Backend) -> None:
    await backend.write(_create)
    assert await backend.write(lambda conn: _close(conn, capture=PRICE, release=0))
    assert not await backend.write(lambda conn: _close(conn, capture=0, release=PRICE))
    assert not await backend.write(lambda conn: _close(conn, "video_none", capture=0, release=0))
    assert len(await _kinds(backend)) == 2


@pytest.mark.parametrize(("capture", "release"), [(1, 0), (PRICE, PRICE), (PRICE + 5, -5), (-5, PRICE + 5)])
async def test_parts_that_are_not_the_hold_close_nothing(
    backend: Backend, capture: int, release: int
) -> None:
    await backend.write(_create)
    with pytest.raises(ValueError, match="not closed by"):
        await backend.write(lambda conn: _close(conn, capture=capture, release=release))
    assert (await _account(backend)).held == PRICE
    assert await _kinds(backend) == [(EntryKind.HOLD, PRICE)]


async def test_a_second_hold_of_a_task_is_refused(backend: Backend) -> None:
    await backend.write(_create)
    with pytest.raises(IntegrityError):
        await backend.write(
            lambda conn: ledger.hold(conn, DEFAULT_ACCOUNT, "video_1", PRICE, "USD", NOW, _id())
        )
    assert (await _account(backend)).held == PRICE


async def test_sixty_four_at_once_with_credit_for_three_are_three(backend: Backend) -> None:
    def fund(conn: Connection) -> None:
        ledger.deposit(conn, DEFAULT_ACCOUNT, 2 * PRICE + 1, "USD", NOW, _id(), note="top-up")
        assert ledger.set_credit_limit(conn, DEFAULT_ACCOUNT, Micro(PRICE))

    await backend.write(fund)
    results = await asyncio.gather(
        *(backend.write(lambda conn, n=number: _create(conn, f"video_{n}")) for number in range(64)),
        return_exceptions=True,
    )
    refused = [result for result in results if result is not None]
    assert len(refused) == 61
    assert all(isinstance(result, ledger.InsufficientCredit) for result in refused)
    assert sum((await backend.read(tasks.counts)).values()) == 3
    account = await _account(backend)
    assert (account.held, account.available) == (3 * PRICE, 1)


async def test_eight_closers_of_each_hold_close_it_once_in_one_way(backend: Backend) -> None:
    for number in range(25):
        await backend.write(lambda conn, n=number: _create(conn, f"video_{n}"))

    async def close(number: int, way: int) -> bool:
        settlement = settle(Micro(PRICE), Micro(PRICE if way % 2 else 0))
        return await backend.write(lambda conn: ledger.close(conn, f"video_{number}", settlement, NOW, _id))

    for number in range(25):
        answers = await asyncio.gather(*(close(number, way) for way in range(8)))
        assert sum(answers) == 1
    captured = 0
    for number in range(25):
        kinds = [kind for kind, _ in await _kinds(backend, f"video_{number}")]
        assert kinds in ([EntryKind.CAPTURE, EntryKind.HOLD], [EntryKind.HOLD, EntryKind.RELEASE])
        captured += EntryKind.CAPTURE in kinds
    account = await _account(backend)
    assert (account.balance, account.held) == (-captured * PRICE, 0)
    found = await backend.read(invariants.violations)
    assert {violation.invariant for violation in found} <= {"I3", "I5", "I6"}  # nobody told or ended these
    assert not any(violation.invariant in {"I4", "I14"} for violation in found)


async def test_a_negative_hold_is_refused(backend: Backend) -> None:
    with pytest.raises(ValueError, match="negative"):
        await backend.write(lambda conn: _create(conn, amount=-1))


async def test_money_of_one_currency_is_never_booked_on_an_account_of_another(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))
    with pytest.raises(ledger.WrongCurrency):
        await backend.write(lambda conn: ledger.hold(conn, DEFAULT_ACCOUNT, "video_1", 1, "CNY", NOW, _id()))
    with pytest.raises(ledger.WrongCurrency):
        await backend.write(lambda conn: ledger.deposit(conn, DEFAULT_ACCOUNT, 1, "CNY", NOW, _id()))
    with pytest.raises(LookupError):
        await backend.write(lambda conn: ledger.hold(conn, "acct_none", "video_1", 1, "USD", NOW, _id()))
    assert await backend.read(lambda conn: ledger.entries(conn, account_id=DEFAULT_ACCOUNT)) == []


async def test_a_project_has_one_account_in_a_currency(backend: Backend) -> None:
    def work(conn: Connection) -> list[str | None]:
        projects.insert(conn, projects.Project(id="proj_2", user_id=DEFAULT_USER, name="two", created_at=NOW))
        return [
            ledger.account_of(conn, "proj_2", "CNY"),
            ledger.open_account(conn, "acct_1", "proj_2", "CNY", NOW, credit_limit=Micro(5)),
            ledger.open_account(conn, "acct_2", "proj_2", "CNY", NOW),
            ledger.account_of(conn, "proj_2", "CNY"),
            ledger.account_of(conn, DEFAULT_PROJECT, "USD"),
        ]

    assert await backend.write(work) == [None, "acct_1", "acct_1", "acct_1", DEFAULT_ACCOUNT]


async def test_a_credit_limit_never_undercuts_what_is_spoken_for(backend: Backend) -> None:
    await backend.write(_create)

    async def limit(amount: int | None) -> bool:
        value = None if amount is None else Micro(amount)
        return await backend.write(lambda conn: ledger.set_credit_limit(conn, DEFAULT_ACCOUNT, value))

    assert not await limit(PRICE - 1)
    assert await limit(PRICE)
    assert await limit(None)
    with pytest.raises(IntegrityError, match="covered"):
        await backend.write(
            lambda conn: (
                ledger.set_credit_limit(conn, DEFAULT_ACCOUNT, Micro(PRICE)),
                ledger.deposit(conn, DEFAULT_ACCOUNT, -1, "USD", NOW, _id()),
            )
        )
    assert (await _account(backend)).balance == 0


async def test_the_books_of_an_account_are_listed_newest_first(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        ledger.deposit(conn, DEFAULT_ACCOUNT, 5, "USD", NOW - 1, "led_a", note="card")
        _create(conn)

    await backend.write(work)
    rows = await backend.read(lambda conn: ledger.entries(conn, account_id=DEFAULT_ACCOUNT))
    assert [(row.kind, row.amount, row.task_id, row.note) for row in rows] == [
        (EntryKind.HOLD, PRICE, "video_1", None),
        (EntryKind.DEPOSIT, 5, None, "card"),
    ]
    with pytest.raises(ValueError, match="name an account or a task"):
        await backend.read(lambda conn: ledger.entries(conn))


async def test_a_hold_and_the_change_that_goes_with_it_come_and_go_together(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        _create(conn)
        assert _close(conn, capture=0, release=PRICE)
        tasks.move(
            conn,
            "video_1",
            epoch=0,
            before=frozenset({Status.QUEUED}),
            changes={"status": Status.FAILED},
            now=NOW,
        )
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await backend.write(work)
    assert (await _account(backend)).held == 0
    assert await _kinds(backend) == []
