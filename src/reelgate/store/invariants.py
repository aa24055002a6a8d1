"""What must hold between rows after any fault, as queries that find whatever breaks it.

Each invariant carries the number it has in the documentation. Those about files are checked by
the engine, those about upstreams by the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

import msgspec
from sqlalchemy import Connection, TextClause, text

from reelgate.core.lifecycle import TRANSITIONS, Status


class Violation(msgspec.Struct, frozen=True):
    """One thing that should not be."""

    invariant: str
    subject: str
    """The id of the row it is about."""
    message: str


class _Rule(msgspec.Struct, frozen=True):
    invariant: str
    message: str
    query: TextClause
    """Gives the subjects that break the rule."""


_RULES: Final = (
    _Rule(
        "I1",
        "more than one attempt was accepted",
        text("SELECT task_id FROM attempts WHERE ref IS NOT NULL GROUP BY task_id HAVING count(*) > 1"),
    ),
    _Rule(
        "I3",
        "the task has ended, is not disputed, and its hold is open",
        text(
            """
            SELECT t.id FROM tasks t JOIN ledger h ON h.task_id = t.id AND h.kind = 'hold'
            WHERE t.status IN ('completed', 'failed', 'cancelled')
              AND NOT t.disputed AND h.closed_at IS NULL
            """
        ),
    ),
    _Rule(
        "I3",
        "the hold is closed although the task goes on or is disputed",
        text(
            """
            SELECT t.id FROM tasks t JOIN ledger h ON h.task_id = t.id AND h.kind = 'hold'
            WHERE h.closed_at IS NOT NULL
              AND (t.disputed OR t.status NOT IN ('completed', 'failed', 'cancelled'))
            """
        ),
    ),
    _Rule(
        "I3",
        "what was captured and released is not what was held",
        text(
            """
            SELECT task_id FROM ledger WHERE task_id IS NOT NULL GROUP BY task_id
            HAVING sum(CASE WHEN kind = 'hold' AND closed_at IS NOT NULL THEN amount ELSE 0 END)
                <> sum(CASE WHEN kind IN ('capture', 'release') THEN amount ELSE 0 END)
                OR (count(closed_at) > 0) <> (count(*) > 1)
            """
        ),
    ),
    _Rule(
        "I4",
        "the balance is not the deposits less the captures",
        text(
            """
            SELECT a.id FROM accounts a LEFT JOIN ledger l ON l.account_id = a.id
            GROUP BY a.id, a.balance
            HAVING a.balance <> coalesce(sum(CASE l.kind
                WHEN 'deposit' THEN l.amount WHEN 'capture' THEN -l.amount ELSE 0 END), 0)
            """
        ),
    ),
    _Rule(
        "I6",
        "the events are not numbered 1 to n without a gap",
        text(
            """
            SELECT t.id FROM tasks t JOIN events e ON e.task_id = t.id
            GROUP BY t.id, t.event_seq
            HAVING min(e.seq) <> 1 OR max(e.seq) <> count(*) OR max(e.seq) <> t.event_seq
            """
        ),
    ),
    _Rule(
        "I6",
        "an unfinished task has no event",
        text(
            """
            SELECT t.id FROM tasks t
            WHERE t.status NOT IN ('completed', 'failed', 'cancelled')
              AND NOT EXISTS (SELECT 1 FROM events e WHERE e.task_id = t.id)
            """
        ),
    ),
    _Rule(
        "I7",
        "a delivery is neither delivered, nor due, nor given up with a reason",
        text(
            """
            SELECT id FROM deliveries
            WHERE (state = 'pending' AND next_at IS NULL)
               OR (state = 'delivered' AND delivered_at IS NULL)
               OR (state = 'dead' AND last_error IS NULL AND last_status IS NULL)
            """
        ),
    ),
    _Rule(
        "I7",
        "a delivery is owed to an endpoint that is gone",
        text(
            """
            SELECT d.id FROM deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
            WHERE d.state = 'pending' AND w.deleted_at IS NOT NULL
            """
        ),
    ),
    _Rule(
        "I10",
        "an attempt was written under a lease that was never given",
        text(
            """
            SELECT a.id FROM attempts a JOIN tasks t ON t.id = a.task_id
            WHERE a.lease_epoch > t.lease_epoch
            """
        ),
    ),
    _Rule(
        "I10",
        "a later attempt was made under an older lease",
        text(
            """
            SELECT b.id FROM attempts a JOIN attempts b ON b.task_id = a.task_id
            WHERE a.number < b.number AND a.lease_epoch > b.lease_epoch
            """
        ),
    ),
    _Rule(
        "I11",
        "an idempotency key stands for a task that does not exist",
        text(
            """
            SELECT i.key FROM idempotency i LEFT JOIN tasks t ON t.id = i.task_id
            WHERE t.id IS NULL
            """
        ),
    ),
    _Rule(
        "I14",
        "the account's held sum is not the sum of its open holds",
        text(
            """
            SELECT a.id FROM accounts a
            LEFT JOIN ledger l ON l.account_id = a.id AND l.kind = 'hold' AND l.closed_at IS NULL
            GROUP BY a.id, a.held
            HAVING a.held <> coalesce(sum(l.amount), 0)
            """
        ),
    ),
    _Rule(
        "I14",
        "the task's count of attempts is not the number of its attempts",
        text(
            """
            SELECT t.id FROM tasks t LEFT JOIN attempts a ON a.task_id = t.id
            GROUP BY t.id, t.attempts
            HAVING t.attempts <> count(a.id)
            """
        ),
    ),
)

_PATHS: Final = text(
    """
    SELECT t.id, t.status, e.type FROM tasks t JOIN events e ON e.task_id = t.id
    ORDER BY t.id, e.seq
    """
)
_UNCHECKED: Final = text(
    """
    SELECT conname FROM pg_constraint WHERE NOT convalidated
    UNION ALL
    SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    """
)
_STATUS_OF: Final = {f"video.{status.value}": status for status in Status}


def violations(conn: Connection) -> list[Violation]:
    """Find every row that breaks an invariant."""
    found = [
        Violation(rule.invariant, str(subject), rule.message)
        for rule in _RULES
        for subject in conn.execute(rule.query).scalars()
    ]
    found += _paths(conn)
    found += _damage(conn)
    return found


def _paths(conn: Connection) -> Iterator[Violation]:
    rows = conn.execute(_PATHS)
    for (task_id, status), events in groupby(rows, lambda row: (row[0], row[1])):
        path = [_STATUS_OF[type_] for _, _, type_ in events if type_ in _STATUS_OF]
        message = _objection(path, Status(status))
        if message is not None:
            yield Violation("I5", task_id, message)


def _objection(path: list[Status], status: Status) -> str | None:
    """Say what is wrong with the way of a task through the lifecycle; None when nothing is."""
    if not path or path[0] is not Status.QUEUED:
        return "the events do not begin with queued"
    for before, after in pairwise(path):
        if after not in TRANSITIONS[before]:
            return f"the events go from {before.value} to {after.value}"
    if path[-1] is not status:
        return f"the task is {status.value}, its events end with {path[-1].value}"
    return None


def _damage(conn: Connection) -> Iterator[Violation]:
    if conn.dialect.name == "postgresql":
        for name in conn.execute(_UNCHECKED).scalars():
            yield Violation("I16", str(name), "the database does not vouch for this constraint or index")
        return
    for line in conn.exec_driver_sql("PRAGMA integrity_check(100)").scalars():
        if line != "ok":
            yield Violation("I16", "database", str(line))
    for table, row, parent, _ in conn.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Violation("I16", f"{table} row {row}", f"refers to a row of {parent} that is not there")
