"""Wake-ups as rows: PgQueuer's queue on PostgreSQL, written in the transaction of what they wake.

A task has one row at most, kept apart by PgQueuer's own unique key. A row is `queued` until a worker
picks it, and goes when the work is done. A picked row whose worker has gone silent is picked again by
another one however full the lane is, and keeps its place in it; that is also how work changes hands:
its row is made to look silent.

What PgQueuer's own statements leave open is closed here: nobody finishes or keeps alive a row that
meanwhile belongs to somebody else, and a wake-up that comes while its task is being worked on is
remembered in the row and takes effect afterwards.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from reelgate.core.lifecycle import OPEN, Status
from reelgate.store.prepared import one_of
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import tasks
from reelgate.store.tasks import OpenTask

if TYPE_CHECKING:
    from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
    from pgqueuer.domain.settings import DBSettings

HOMELESS: Final = "homeless"
"""Where tasks wait whose channel is gone: everywhere free, so that they end or find another one."""
_PAUSED: Final = "paused:"
"""What stands before the name of a lane whose channel takes nothing at present."""
CHANNEL: Final = "ch_pgqueuer"
"""What PgQueuer's trigger notifies."""

_OPEN_FIELDS: Final = names_of(OpenTask)
_WITHOUT_JOB: Final = (
    select(*columns_of(tasks, OpenTask))
    .where(
        one_of(tasks.c.status, sorted(OPEN)),
        text(
            "NOT EXISTS (SELECT 1 FROM pgqueuer q"
            " WHERE q.dedupe_key = tasks.id AND q.status IN ('queued', 'picked'))"
        ),
    )
    .order_by(tasks.c.created_at, tasks.c.id)
)
_HOLD: Final = text(
    """
    UPDATE pgqueuer SET status = 'picked', heartbeat = 'epoch', queue_manager_id = NULL, slot = NULL
    WHERE dedupe_key = :task_id AND status = 'queued'
    """
)
# One statement for both cases: a row that waits takes over what is newer, one at work remembers it.
_AGAIN: Final = text(
    """
    UPDATE pgqueuer q SET
        execute_after = CASE WHEN x.waits
            THEN LEAST(q.execute_after, now() + CAST(:delay AS interval)) ELSE q.execute_after END,
        status = CASE WHEN x.waits AND NOT :held THEN 'queued' ELSE q.status END,
        entrypoint = CASE WHEN x.waits THEN :lane ELSE q.entrypoint END,
        priority = CASE WHEN x.waits THEN :priority ELSE q.priority END,
        headers = CASE WHEN x.waits THEN q.headers
            ELSE jsonb_set(COALESCE(q.headers, '{}'), '{again}', CAST(:again AS jsonb)) END
    FROM (
        SELECT id, status = 'queued' OR queue_manager_id IS NULL AS waits FROM pgqueuer
        WHERE dedupe_key = :task_id AND status IN ('queued', 'picked') FOR UPDATE
    ) AS x
    WHERE q.id = x.id
    """
)
_BRING_FORWARD: Final = text(
    """
    UPDATE pgqueuer SET execute_after = now()
    WHERE dedupe_key = :task_id AND execute_after > now()
      AND (status = 'queued' OR (status = 'picked' AND queue_manager_id IS NULL))
    """
)
_REQUEUE: Final = text(
    """
    UPDATE pgqueuer SET
        entrypoint = :lane, priority = :priority, execute_after = now() + CAST(:delay AS interval),
        status = CASE WHEN :held THEN 'picked'::pgqueuer_status ELSE 'queued' END,
        heartbeat = CASE WHEN :held THEN 'epoch' ELSE now() END,
        queue_manager_id = NULL, slot = NULL, attempts = attempts + 1, updated = now(),
        headers = headers - 'again'
    WHERE id = :job_id AND queue_manager_id = :owner AND status = 'picked'
    """
)
_FINISH: Final = text(
    """
    WITH held AS MATERIALIZED (
        SELECT id, entrypoint, priority, headers->'again' AS again FROM pgqueuer
        WHERE id = ANY(:job_ids) AND queue_manager_id = :owner AND status = 'picked'
        ORDER BY id FOR UPDATE
    ), repeated AS (
        UPDATE pgqueuer q SET
            entrypoint = held.again->>'lane', priority = CAST(held.again->>'priority' AS int),
            execute_after = now() + make_interval(secs => CAST(held.again->>'delay' AS float)),
            status = CASE WHEN CAST(held.again->>'held' AS bool) THEN 'picked'::pgqueuer_status ELSE 'queued' END,
            heartbeat = CASE WHEN CAST(held.again->>'held' AS bool) THEN 'epoch' ELSE now() END,
            queue_manager_id = NULL, slot = NULL, updated = now(), headers = q.headers - 'again'
        FROM held WHERE q.id = held.id AND held.again IS NOT NULL
        RETURNING q.id
    ), ended AS (
        DELETE FROM pgqueuer q USING held WHERE q.id = held.id AND held.again IS NULL RETURNING q.id
    ), noted AS (
        INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
        SELECT held.id, 'successful', held.entrypoint, held.priority FROM held JOIN ended ON ended.id = held.id
    )
    SELECT count(*) FROM repeated
    """
)
_BEAT: Final = text(
    """
    UPDATE pgqueuer SET heartbeat = now()
    WHERE id = ANY(:job_ids) AND queue_manager_id = :owner AND status = 'picked' RETURNING id
    """
)
_HAND_OVER: Final = text(
    "UPDATE pgqueuer SET heartbeat = 'epoch' WHERE queue_manager_id = :owner AND status = 'picked'"
)
_PING: Final = text(
    """
    SELECT pg_notify('ch_pgqueuer', json_build_object('channel', 'ch_pgqueuer', 'operation', 'update',
        'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)
    """
)
_LOADS: Final = text(
    """
    WITH lanes AS (
        SELECT unnest(CAST(:lanes AS text[])) AS lane
    ), taken AS (
        SELECT entrypoint, count(*) AS n FROM pgqueuer
        WHERE queue_manager_id IS NOT NULL AND entrypoint = ANY(:lanes) GROUP BY entrypoint
    )
    SELECT lanes.lane, COALESCE(taken.n, 0), waiting.n
    FROM lanes LEFT JOIN taken ON taken.entrypoint = lanes.lane
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM (
            SELECT 1 FROM pgqueuer q
            WHERE q.entrypoint = lanes.lane AND q.status = 'queued' AND q.execute_after <= now()
            LIMIT :most
        ) AS first_ones
    ) AS waiting
    """
)
_MOVABLE: Final = text(
    """
    SELECT q.id, q.dedupe_key FROM pgqueuer q
    WHERE q.id IN (
        SELECT first_ones.id FROM (
            SELECT id, priority, headers->>'model' AS model FROM pgqueuer
            WHERE entrypoint = :lane AND status = 'queued' AND execute_after <= now()
            ORDER BY priority DESC, id LIMIT :ahead
        ) AS first_ones
        WHERE first_ones.model = ANY(:models)
        ORDER BY first_ones.priority DESC, first_ones.id LIMIT :most
    ) AND q.status = 'queued'
    ORDER BY q.priority DESC, q.id
    FOR UPDATE SKIP LOCKED
    """
)
_RELANE: Final = text("UPDATE pgqueuer SET entrypoint = :lane WHERE id = :job_id")
_PAUSE: Final = text(
    "UPDATE pgqueuer SET entrypoint = :paused || entrypoint WHERE status = 'queued' AND entrypoint = ANY(:lanes)"
)
_RESUME: Final = text(
    """
    UPDATE pgqueuer SET entrypoint = substr(entrypoint, 1 + length(:paused))
    WHERE status = 'queued' AND entrypoint = ANY(:lanes)
    """
)
_MAKE_HOMELESS: Final = text("UPDATE pgqueuer SET entrypoint = :homeless WHERE entrypoint <> ALL(:lanes)")
_ONE_AT_A_TIME: Final = text("SELECT pg_try_advisory_xact_lock(5928475960322097154)")
_FORGET_LOG: Final = text("DELETE FROM pgqueuer_log WHERE created < now() - CAST(:age AS interval)")
_COUNTS: Final = text(
    """
    SELECT entrypoint, count(*) FILTER (WHERE status = 'queued'), count(*) FILTER (WHERE status = 'picked')
    FROM pgqueuer GROUP BY entrypoint ORDER BY entrypoint
    """
)

_HOLDERS: Final = text(
    """
    SELECT queue_manager_id, count(*), extract(epoch FROM now() - max(heartbeat))
    FROM pgqueuer WHERE status = 'picked' AND queue_manager_id IS NOT NULL
    GROUP BY queue_manager_id ORDER BY queue_manager_id
    """
)


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """A wake-up for a task. `held` says that its upstream has it, so that it waits for no slot."""

    task_id: str
    lane: str
    model: str = ""
    priority: int = 0
    delay_s: float = 0.0
    held: bool = False


class Load(msgspec.Struct, frozen=True):
    """How full a lane is."""

    taken: int
    """Tasks that hold a slot, on whatever worker."""
    waiting: int
    """Tasks that could begin; counted to one more than the widest lane has slots."""


@cache
def names() -> DBSettings:
    """Give PgQueuer's names for its tables, whatever the environment says."""
    from pgqueuer.domain.settings import DBSettings, Durability  # noqa: PLC0415 (only where PostgreSQL is in use)
    from pgqueuer.domain.types import Channel  # noqa: PLC0415

    return DBSettings(
        prefix="",
        db_schema=None,
        channel=Channel(CHANNEL),
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=Durability.durable,
        widen_id=True,
    )


@cache
def builder() -> QueryQueueBuilder:
    """Give PgQueuer's own writer of statements."""
    from pgqueuer.adapters.persistence.qb import QueryQueueBuilder  # noqa: PLC0415

    return QueryQueueBuilder(settings=names())


def install(conn: Connection) -> None:
    """Create PgQueuer's tables, as its own installer does."""
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment  # noqa: PLC0415

    conn.exec_driver_sql(QueryBuilderEnvironment(names()).build_install_query())


def run_raw(conn: Connection, query: str, args: Sequence[object]) -> list[dict[str, object]]:
    """Run a statement whose parameters are written `$1`, `$2`, as PgQueuer writes them.

    Raises what the driver raises, not SQLAlchemy's wrapping of it: PgQueuer looks at its codes.
    """
    try:
        if not args:
            result = conn.exec_driver_sql(query)
        else:
            result = conn.exec_driver_sql(_by_name(query), {f"p{n}": arg for n, arg in enumerate(args, 1)})
    except DBAPIError as error:
        raise (error.orig or error) from error
    return [dict(row) for row in result.mappings()] if result.returns_rows else []


@lru_cache(maxsize=128)
def _by_name(query: str) -> str:
    return re.sub(r"\$(\d+)", r"%(p\1)s", query.replace("%", "%%"))


def put(conn: Connection, wake: Wake) -> None:
    """Wake a task once this transaction has committed; one that is at work is woken again afterwards."""
    delay = timedelta(seconds=wake.delay_s)
    again = json.dumps(
        {"lane": wake.lane, "delay": wake.delay_s, "held": wake.held, "priority": wake.priority}
    )
    values = {**msgspec.structs.asdict(wake), "delay": delay, "again": again}
    for _ in range(3):  # the row that stands in the way may go between the two statements
        if _insert(conn, wake, delay):
            if wake.held:
                conn.execute(_HOLD, {"task_id": wake.task_id})
            return
        if conn.execute(_AGAIN, values).rowcount:
            if wake.held:
                conn.execute(_HOLD, {"task_id": wake.task_id})
            conn.execute(_PING)
            return


def _insert(conn: Connection, wake: Wake, delay: timedelta) -> bool:
    headers = json.dumps({"model": wake.model})
    given = ([wake.priority], [wake.lane], [wake.task_id.encode()], [delay], [wake.task_id], [headers])
    return bool(run_raw(conn, builder().build_enqueue_query("skip"), given))


def bring_forward(conn: Connection, task_id: str) -> None:
    """Wake a task now that waits for its time."""
    if conn.execute(_BRING_FORWARD, {"task_id": task_id}).rowcount:
        conn.execute(_PING)


def finish(conn: Connection, owner: uuid.UUID, job_ids: Sequence[int], again: Mapping[int, Wake]) -> None:
    """Let go of jobs that are done, and queue those anew that are to be woken again; others' jobs stay as they are."""
    for job_id, wake in again.items():
        values = {"lane": wake.lane, "priority": wake.priority, "held": wake.held, "owner": owner}
        conn.execute(_REQUEUE, {**values, "job_id": job_id, "delay": timedelta(seconds=wake.delay_s)})
    done = [job_id for job_id in job_ids if job_id not in again]
    repeated = conn.execute(_FINISH, {"job_ids": done, "owner": owner}).scalar_one() if done else 0
    if again or repeated:
        conn.execute(_PING)


def beat(conn: Connection, owner: uuid.UUID, job_ids: Sequence[int]) -> set[int]:
    """Say that jobs are being worked on; gives those that still belong to `owner`."""
    return set(conn.execute(_BEAT, {"job_ids": list(job_ids), "owner": owner}).scalars())


def hand_over(conn: Connection, owner: uuid.UUID) -> int:
    """Let other workers take over whatever `owner` still has, at once; counts it."""
    given = conn.execute(_HAND_OVER, {"owner": owner}).rowcount
    if given:
        conn.execute(_PING)
    return given


def without_job(conn: Connection) -> list[OpenTask]:
    """List the unfinished tasks that nothing would wake, oldest first."""
    found: list[OpenTask] = []
    for row in conn.execute(_WITHOUT_JOB):
        fields = named(_OPEN_FIELDS, row)
        fields["status"] = Status(fields["status"])
        found.append(OpenTask(**fields))
    return found


def loads(conn: Connection, slots: Mapping[str, int]) -> dict[str, Load]:
    """Tell how full lanes are, given how many slots each has."""
    most = 1 + max(slots.values(), default=0)
    rows = conn.execute(_LOADS, {"lanes": list(slots), "most": most})
    return {lane: Load(taken, waiting) for lane, taken, waiting in rows}


def alone(conn: Connection) -> bool:
    """Tell whether nobody else moves jobs between lanes until this transaction ends."""
    return bool(conn.execute(_ONE_AT_A_TIME).scalar_one())


def movable(
    conn: Connection, lane: str, models: Sequence[str], *, most: int, ahead: int
) -> list[tuple[int, str]]:
    """Lock and give jobs of these models, with their tasks, among the next `ahead` ones of a lane."""
    values = {"lane": lane, "models": list(models), "most": most, "ahead": ahead}
    return [(job_id, task_id) for job_id, task_id in conn.execute(_MOVABLE, values)]


def relane(conn: Connection, job_id: int, lane: str) -> None:
    """Move a job that waits to another lane."""
    conn.execute(_RELANE, {"job_id": job_id, "lane": lane})


def paused(lane: str) -> str:
    """Name the place where the tasks of a lane wait while its channel takes nothing."""
    return _PAUSED + lane


def unpaused(lane: str) -> str:
    """Name the lane that tasks in such a place belong to."""
    return lane.removeprefix(_PAUSED)


def place(conn: Connection, slots: Mapping[str, int]) -> int:
    """Put every waiting job where it belongs now that these channels have these slots; counts the moves."""
    shut = [lane for lane, free in slots.items() if free <= 0]
    opened = [paused(lane) for lane, free in slots.items() if free > 0]
    known = [*slots, *(paused(lane) for lane in slots), HOMELESS]
    moved = conn.execute(_PAUSE, {"lanes": shut, "paused": _PAUSED}).rowcount if shut else 0
    moved += conn.execute(_RESUME, {"lanes": opened, "paused": _PAUSED}).rowcount if opened else 0
    moved += conn.execute(_MAKE_HOMELESS, {"lanes": known, "homeless": HOMELESS}).rowcount
    return moved


def ping(conn: Connection) -> None:
    """Make every worker look for work."""
    conn.execute(_PING)


def forget_log(conn: Connection, seconds: float) -> int:
    """Forget what the queue noted about jobs longer ago than that; counts the rows."""
    return conn.execute(_FORGET_LOG, {"age": timedelta(seconds=seconds)}).rowcount


def counts(conn: Connection) -> dict[str, tuple[int, int]]:
    """Count the waiting and the picked jobs of each lane."""
    return {lane: (waiting, picked) for lane, waiting, picked in conn.execute(_COUNTS)}


def holders(conn: Connection) -> list[tuple[str, int, int]]:
    """List the processes that have tasks in hand, how many each has, and since how many seconds it is silent."""
    return [(str(name), int(count), max(0, int(silent))) for name, count, silent in conn.execute(_HOLDERS)]
