"""Follow: the library's rows are brought up to what the tasks are by reading the event log.

Creating and moving a task writes nothing for the library. Whoever looks reads the events since the last
look first, so that nobody sees a list that is behind; a chore does the same when nobody looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reelgate.core.effective import aspect_ratio
from reelgate.core.events import EventType
from reelgate.core.grams import words
from reelgate.core.library import IMPORTED, ItemKind
from reelgate.core.lifecycle import Status
from reelgate.core.task import Character, Upload, parse_size
from reelgate.engine.context import Context
from reelgate.store import events as event_rows
from reelgate.store import library_items as item_rows
from reelgate.store.backend import Connection
from reelgate.store.library_items import Fresh, Shape, TaskFacts

TOGETHER: Final = 500
"""Events, or tasks from before there was a library, of one transaction."""
ROUNDS_MAX: Final = 40
"""How often whoever looks reads on before they look all the same."""

_CURSOR: Final = "events"
_BEFORE: Final = "tasks"
"""How far the tasks from before the library have been taken in: an id, or `DONE`."""
_DONE: Final = "~"
_NOTHING_NEW: Final = frozenset({EventType.PROGRESS, EventType.OVERDUE})
_UNPAID: Final = frozenset({Status.FAILED.value, Status.CANCELLED.value})


async def catch_up(ctx: Context) -> None:
    """Bring the rows up to the event log, as far as it has come now."""
    for _ in range(ROUNDS_MAX):
        if not await ctx.backend.point(_behind):
            return
        now = ctx.clock.now_ms()
        if not await ctx.backend.write(lambda conn, now=now: _step(conn, now)):
            return


def _behind(conn: Connection) -> bool:
    cursor = item_rows.state(conn, _CURSOR)
    if cursor is None or item_rows.state(conn, _BEFORE) != _DONE:
        return True
    return event_rows.latest_cursor(conn) > int(cursor)


def _step(conn: Connection, now: int) -> bool:
    """Take a stretch of what is new; False when there is nothing more."""
    cursor = item_rows.state(conn, _CURSOR, locked=True)
    if cursor is None:
        # The tasks are read after this place in the log was noted: what moves meanwhile is read again.
        item_rows.put_state(conn, _CURSOR, str(event_rows.latest_cursor(conn)))
        item_rows.put_state(conn, _BEFORE, "")
        return True
    before = item_rows.state(conn, _BEFORE) or ""
    if before != _DONE:
        return _take_in(conn, before, now)
    events = event_rows.after(conn, int(cursor), limit=TOGETHER)
    if not events:
        return False
    ids = list(dict.fromkeys(e.task_id for e in events if e.type not in _NOTHING_NEW))
    show_tasks(conn, item_rows.task_facts(conn, ids), now)
    item_rows.put_state(conn, _CURSOR, str(events[-1].cursor))
    return len(events) == TOGETHER


def _take_in(conn: Connection, before: str, now: int) -> bool:
    facts = item_rows.tasks_after(conn, before, TOGETHER)
    show_tasks(conn, facts, now)
    item_rows.put_state(conn, _BEFORE, facts[-1].id if len(facts) == TOGETHER else _DONE)
    if len(facts) < TOGETHER:
        for upload in item_rows.all_uploads(conn):
            show_upload(conn, upload, now)
        for character in item_rows.all_characters(conn):
            show_character(conn, character, now)
    return True


def show_tasks(conn: Connection, facts: Sequence[TaskFacts], now: int) -> None:
    """Write what the library shows of tasks; a deleted one is taken out."""
    gone = [task.id for task in facts if task.deleted_at is not None]
    if gone:
        item_rows.forget(conn, gone)
    item_rows.write(conn, [_of_task(task) for task in facts if task.deleted_at is None], now)


def _of_task(task: TaskFacts) -> Fresh:
    size = parse_size(task.size)
    free = task.status in _UNPAID and not task.disputed
    return Fresh(
        id=task.id,
        project_id=task.project_id,
        user_id=task.user_id,
        shape=Shape(
            kind=(ItemKind.CLIP if task.surface == IMPORTED else ItemKind.TASK).value,
            status=task.status,
            model=task.model,
            channel_id=task.channel_id or "",
            aspect="" if size is None else aspect_ratio(size),
        ),
        length_ms=task.seconds_total * 1000,
        cost=0 if free else task.quote,
        created_at=task.created_at,
        words=words(task.prompt),
    )


def show_upload(conn: Connection, upload: Upload, now: int) -> None:
    """Write what the library shows of an upload."""
    fresh = Fresh(
        id=upload.id,
        project_id=upload.project_id,
        user_id=upload.user_id,
        shape=Shape(kind=ItemKind.UPLOAD.value, status=Status.COMPLETED.value),
        length_ms=0,
        cost=0,
        created_at=upload.created_at,
        words=words(upload.filename),
        name=upload.filename,
    )
    item_rows.write(conn, [fresh], now)


def show_character(conn: Connection, character: Character, now: int) -> None:
    """Write what the library shows of a character."""
    fresh = Fresh(
        id=character.id,
        project_id=character.project_id,
        user_id=character.user_id,
        shape=Shape(kind=ItemKind.CHARACTER.value, status=Status.COMPLETED.value),
        length_ms=round((character.seconds or 0) * 1000),
        cost=0,
        created_at=character.created_at,
        words=words(character.name),
        name=character.name,
    )
    item_rows.write(conn, [fresh], now)
