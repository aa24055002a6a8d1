"""Money: accounts and the append-only ledger.

A hold is taken and closed by single statements that check and write at once, so that no number
of simultaneous callers spends the same credit or closes the same hold twice. An account keeps
`balance` (deposits less captures) and `held` (open holds); both follow from the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, bindparam, or_, select, tuple_, update
from sqlalchemy import insert as insert_into

from reelgate.core.money import EntryKind, Micro, Settlement
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import accounts, ledger, projects
from reelgate.store.upsert import Upsert


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a project has, owes and may owe, in one currency."""

    id: str
    project_id: str
    currency: str
    balance: Micro
    held: Micro
    credit_limit: Micro | None
    """How far the balance may go below zero; None means as far as it likes."""
    created_at: int

    @property
    def available(self) -> Micro | None:
        """What a new hold may take at most; None means any amount."""
        if self.credit_limit is None:
            return None
        return Micro(self.balance + self.credit_limit - self.held)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger."""

    id: str
    account_id: str
    task_id: str | None
    kind: EntryKind
    amount: Micro
    currency: str
    note: str | None
    created_at: int
    closed_at: int | None
    """When a hold was closed; None for an open hold and for every other kind."""


class Low(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an account that has a limit, beside what was last paid in."""

    account_id: str
    project_id: str
    project: str
    user_id: str
    currency: str
    left: Micro
    deposit: Micro


class InsufficientCredit(Exception):
    """Raised when a hold does not fit into what the account has left."""

    def __init__(self, account: Account, amount: int) -> None:
        super().__init__(f"{amount} is more than the {account.available} left")
        self.account = account
        self.amount = Micro(amount)


class WrongCurrency(Exception):
    """Raised when money of one currency is booked on an account of another."""


_FIELDS: Final = names_of(Account)
_ENTRY_FIELDS: Final = names_of(Entry)
_ENTRY_COLUMNS: Final = columns_of(ledger, Entry)

_GET: Final = Prepared(select(*columns_of(accounts, Account)).where(accounts.c.id == bindparam("account_id")))
_FOR_PROJECT: Final = Prepared(
    select(accounts.c.id).where(
        accounts.c.project_id == bindparam("project_id"), accounts.c.currency == bindparam("currency")
    )
)
_OPEN: Final = Upsert(accounts, ("project_id", "currency"))
_INSERT: Final = Prepared(insert_into(ledger), columns=_ENTRY_FIELDS)
_left = accounts.c.balance + accounts.c.credit_limit - accounts.c.held
_HOLD: Final = Prepared(
    update(accounts)
    .where(
        accounts.c.id == bindparam("b_account_id"),
        accounts.c.currency == bindparam("b_currency"),
        or_(accounts.c.credit_limit.is_(None), _left >= bindparam("b_amount")),
    )
    .values(held=accounts.c.held + bindparam("b_amount"))
)
_HOLD_OF: Final = Prepared(
    update(accounts)
    .where(
        accounts.c.project_id == bindparam("b_project_id"),
        accounts.c.currency == bindparam("b_currency"),
        or_(accounts.c.credit_limit.is_(None), _left >= bindparam("b_amount")),
    )
    .values(held=accounts.c.held + bindparam("b_amount"))
    .returning(accounts.c.id)
)
_CLOSE: Final = Prepared(
    update(ledger)
    .where(
        ledger.c.task_id == bindparam("b_task_id"),
        ledger.c.kind == EntryKind.HOLD.value,
        ledger.c.closed_at.is_(None),
    )
    .values(closed_at=bindparam("b_now"))
    .returning(ledger.c.account_id, ledger.c.amount, ledger.c.currency)
)
_SETTLE: Final = Prepared(
    update(accounts)
    .where(accounts.c.id == bindparam("b_account_id"))
    .values(
        balance=accounts.c.balance - bindparam("b_capture"),
        held=accounts.c.held - bindparam("b_held"),
    )
)
_DEPOSIT: Final = Prepared(
    update(accounts)
    .where(accounts.c.id == bindparam("b_account_id"), accounts.c.currency == bindparam("b_currency"))
    .values(balance=accounts.c.balance + bindparam("b_amount"))
)
_LIMIT: Final = (
    update(accounts)
    .where(
        accounts.c.id == bindparam("b_account_id"),
        accounts.c.balance + bindparam("b_limit") >= accounts.c.held,
    )
    .values(credit_limit=bindparam("b_limit"))
)
_UNLIMITED: Final = (
    update(accounts).where(accounts.c.id == bindparam("b_account_id")).values(credit_limit=None)
)
_OF_ACCOUNT: Final = (
    select(*_ENTRY_COLUMNS)
    .where(ledger.c.account_id == bindparam("account_id"))
    .order_by(ledger.c.created_at.desc(), ledger.c.id.desc())
    .limit(bindparam("limit"))
)
_OF_TASK: Final = (
    select(*_ENTRY_COLUMNS)
    .where(ledger.c.task_id == bindparam("task_id"))
    .order_by(ledger.c.created_at, ledger.c.id)
)


def open_account(
    conn: Connection,
    account_id: str,
    project_id: str,
    currency: str,
    now: int,
    *,
    credit_limit: Micro | None = None,
) -> str:
    """Make sure that a project has an account in a currency and give its id."""
    values = {
        "id": account_id,
        "project_id": project_id,
        "currency": currency,
        "balance": 0,
        "held": 0,
        "credit_limit": credit_limit,
        "created_at": now,
    }
    _OPEN.run(conn, values)
    [(found,)] = _FOR_PROJECT.all(conn, {"project_id": project_id, "currency": currency})
    return found


def account_of(conn: Connection, project_id: str, currency: str) -> str | None:
    """Give the id of a project's account in a currency."""
    row = _FOR_PROJECT.first(conn, {"project_id": project_id, "currency": currency})
    return None if row is None else row[0]


def balance(conn: Connection, account_id: str) -> Account | None:
    """Give an account as it stands."""
    row = _GET.first(conn, {"account_id": account_id})
    return None if row is None else Account(**named(_FIELDS, row))


def hold(
    conn: Connection,
    account_id: str,
    task_id: str,
    amount: int,
    currency: str,
    now: int,
    entry_id: str,
) -> None:
    """Set money aside for a task.

    Raises InsufficientCredit when the account has less left, WrongCurrency when it keeps another
    currency, LookupError when there is none, ValueError for a negative amount.
    """
    if amount < 0:
        msg = "a hold is never negative"
        raise ValueError(msg)
    values = {"b_account_id": account_id, "b_currency": currency, "b_amount": amount}
    if _HOLD.run(conn, values) != 1:
        raise InsufficientCredit(_account(conn, account_id, currency), amount)
    _book(conn, entry_id, account_id, task_id, EntryKind.HOLD, amount, currency, now)


def hold_for(
    conn: Connection,
    project_id: str,
    task_id: str,
    amount: Micro,
    currency: str,
    now: int,
    *,
    new_id: Callable[[Literal["acct", "led"]], str],
) -> None:
    """Set money of a project aside for a task, from the account it has in this currency or is given now.

    Raises InsufficientCredit when the account has less left.
    """
    values = {"b_project_id": project_id, "b_currency": currency, "b_amount": amount}
    held = _HOLD_OF.first(conn, values)
    if held is not None:
        _book(conn, new_id("led"), held[0], task_id, EntryKind.HOLD, amount, currency, now)
        return
    account_id = open_account(conn, new_id("acct"), project_id, currency, now)
    hold(conn, account_id, task_id, amount, currency, now=now, entry_id=new_id("led"))


def _account(conn: Connection, account_id: str, currency: str) -> Account:
    account = balance(conn, account_id)
    if account is None:
        msg = f"there is no account `{account_id}`"
        raise LookupError(msg)
    if account.currency != currency:
        msg = f"account `{account_id}` keeps {account.currency}, not {currency}"
        raise WrongCurrency(msg)
    return account


def _book(
    conn: Connection,
    entry_id: str,
    account_id: str,
    task_id: str | None,
    kind: EntryKind,
    amount: int,
    currency: str,
    now: int,
    note: str | None = None,
) -> None:
    values = {
        "id": entry_id,
        "account_id": account_id,
        "task_id": task_id,
        "kind": kind.value,
        "amount": amount,
        "currency": currency,
        "note": note,
        "created_at": now,
        "closed_at": None,
    }
    _INSERT.run(conn, values)


def close(
    conn: Connection, task_id: str, settlement: Settlement, now: int, new_id: Callable[[], str]
) -> bool:
    """Close the hold of a task: take `capture`, give `release` back; False when no hold of it is open.

    A hold of nothing is closed by a capture of nothing. Raises ValueError when the two parts are
    not the hold.
    """
    hold_row = _CLOSE.first(conn, {"b_task_id": task_id, "b_now": now})
    if hold_row is None:
        return False
    account_id, held, currency = hold_row
    if min(settlement.capture, settlement.release) < 0 or settlement.capture + settlement.release != held:
        msg = f"a hold of {held} is not closed by {settlement.capture} and {settlement.release}"
        raise ValueError(msg)
    _SETTLE.run(conn, {"b_account_id": account_id, "b_capture": settlement.capture, "b_held": held})
    if settlement.capture > 0 or settlement.release == 0:
        capture = EntryKind.CAPTURE
        _book(conn, new_id(), account_id, task_id, capture, settlement.capture, currency, now)
    if settlement.release > 0:
        release = EntryKind.RELEASE
        _book(conn, new_id(), account_id, task_id, release, settlement.release, currency, now)
    return True


def deposit(
    conn: Connection,
    account_id: str,
    amount: int,
    currency: str,
    now: int,
    entry_id: str,
    *,
    note: str | None = None,
) -> None:
    """Add money to an account; a negative amount takes it away as far as it is not spoken for.

    Raises WrongCurrency when the account keeps another currency, LookupError when there is none.
    """
    values = {"b_account_id": account_id, "b_currency": currency, "b_amount": amount}
    if _DEPOSIT.run(conn, values) != 1:
        _account(conn, account_id, currency)
    _book(conn, entry_id, account_id, None, EntryKind.DEPOSIT, amount, currency, now, note)


def set_credit_limit(conn: Connection, account_id: str, limit: Micro | None) -> bool:
    """Say how far an account may go below zero; False when it is already further, or unknown."""
    if limit is None:
        return conn.execute(_UNLIMITED, {"b_account_id": account_id}).rowcount == 1
    values = {"b_account_id": account_id, "b_limit": limit}
    return conn.execute(_LIMIT, values).rowcount == 1


def entries(
    conn: Connection,
    *,
    account_id: str | None = None,
    task_id: str | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Give the rows of a task, oldest first, or the newest of an account.

    Raises ValueError unless exactly one of `account_id` and `task_id` is given.
    """
    if (account_id is None) == (task_id is None):
        msg = "name an account or a task"
        raise ValueError(msg)
    rows = (
        conn.execute(_OF_TASK, {"task_id": task_id})
        if task_id is not None
        else conn.execute(_OF_ACCOUNT, {"account_id": account_id, "limit": limit})
    )
    return [_entry(row) for row in rows]


def _entry(row: Row[Any]) -> Entry:
    fields = named(_ENTRY_FIELDS, row)
    fields["kind"] = EntryKind(fields["kind"])
    return Entry(**fields)


_later = ledger.alias("later")
_LIMITED: Final = (
    select(
        accounts.c.id,
        accounts.c.project_id,
        projects.c.name,
        projects.c.user_id,
        accounts.c.currency,
        accounts.c.balance + accounts.c.credit_limit - accounts.c.held,
        ledger.c.amount,
    )
    .join(projects, projects.c.id == accounts.c.project_id)
    .join(ledger, ledger.c.account_id == accounts.c.id)
    .where(
        accounts.c.credit_limit.is_not(None),
        ledger.c.kind == EntryKind.DEPOSIT.value,
        ledger.c.amount > 0,
        ~select(_later.c.id)
        .where(
            _later.c.account_id == accounts.c.id,
            _later.c.kind == EntryKind.DEPOSIT.value,
            _later.c.amount > 0,
            tuple_(_later.c.created_at, _later.c.id) > tuple_(ledger.c.created_at, ledger.c.id),
        )
        .exists(),
    )
    .order_by(accounts.c.id)
)


def limited_accounts(conn: Connection) -> list[Low]:
    """List the accounts that can run dry, with what is left and what was last paid in."""
    return [Low(**named(names_of(Low), row)) for row in conn.execute(_LIMITED)]
