"""Everybody's work and where the time went, on both databases, counted by hand."""

from __future__ import annotations

from msgspec.structs import replace

from reelgate.core.events import EventType
from reelgate.core.lifecycle import OPEN, Status
from reelgate.core.task import Task
from reelgate.store import attempts, blobs, desk, events, latencies, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.desk import Wanted
from reelgate.store.latencies import Bucket, Kept, Marks
from tests.store.samples import NOW, a_blob, a_task, an_attempt

HOUR = 3_600_000
STATUSES = (Status.QUEUED, Status.RUNNING, Status.UNCONFIRMED, Status.COMPLETED)


def a_dozen() -> list[Task]:
    return [
        a_task(
            f"video_{number:02}",
            created_at=NOW + number // 2,
            status=STATUSES[number % 4],
            channel_id=("chan_1", None)[number % 2],
        )
        for number in range(12)
    ]


async def kept(backend: Backend, made: list[Task]) -> None:
    def work(conn: Connection) -> None:
        for task in made:
            tasks.insert(conn, task)

    await backend.write(work)


async def test_pages_over_several_statuses_show_each_task_once_newest_first(backend: Backend) -> None:
    made = a_dozen()
    await kept(backend, made)
    seen: list[str] = []
    wanted = Wanted(statuses=tuple(OPEN))
    while found := await backend.read(lambda conn, w=wanted: desk.page(conn, w, limit=4)):
        seen += [job.id for job in found]
        wanted = replace(wanted, beyond=(found[-1].created_at, found[-1].id))

    mine = sorted((t for t in made if t.status in OPEN), key=lambda t: (t.created_at, t.id), reverse=True)
    assert seen == [t.id for t in mine]
    tally = await backend.read(desk.tallies)
    assert sum(one.tasks for one in tally) == len(mine)


async def test_filters_and_the_age_of_what_ended_narrow_the_list(backend: Backend) -> None:
    await kept(backend, a_dozen())

    async def ids(wanted: Wanted) -> set[str]:
        return {job.id for job in await backend.read(lambda conn: desk.page(conn, wanted, limit=50))}

    assert await ids(Wanted(statuses=STATUSES, channel_id="chan_1")) == {
        f"video_{n:02}" for n in range(0, 12, 2)
    }
    assert await ids(Wanted(statuses=(Status.COMPLETED,), ended_since=NOW + 4)) == {"video_11"}
    assert await ids(Wanted(statuses=STATUSES, user_id="nobody")) == set()
    assert len(await ids(Wanted(statuses=STATUSES, model="animatic-1"))) == 12


async def test_the_ref_of_the_attempt_is_told_with_the_task(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        tasks.insert(conn, a_task(status=Status.RUNNING, attempt_id="att_1"))
        attempts.insert(conn, an_attempt(ref="job-7"))

    await backend.write(work)
    (job,) = await backend.read(lambda conn: desk.page(conn, Wanted(statuses=(Status.RUNNING,)), limit=5))
    assert job.ref == "job-7"


async def test_steps_of_the_newest_finished_clips_are_read_from_the_log(backend: Backend) -> None:
    steps = (
        EventType.SUBMITTING,
        EventType.RUNNING,
        EventType.PROGRESS,
        EventType.ARCHIVING,
        EventType.COMPLETED,
    )

    def work(conn: Connection) -> None:
        for number in range(3):
            tasks.insert(conn, a_task(f"video_{number}", status=Status.COMPLETED, created_at=NOW + number))
            for at, kind in enumerate((EventType.SUBMITTING, *steps)):
                events.append(conn, f"video_{number}", kind, {}, NOW + 100 * at, f"evt_{number}_{at}")
        tasks.insert(conn, a_task("video_open", created_at=NOW))

    await backend.write(work)
    found = await backend.read(lambda conn: latencies.marks(conn, NOW, NOW + 3))
    newest = await backend.read(lambda conn: latencies.marks(conn, NOW, NOW + 3, most=1))

    assert sorted(m.asked for m in found) == [NOW, NOW + 1, NOW + 2]
    assert newest == [Marks(NOW + 2, NOW, NOW + 100, NOW + 200, NOW + 400, NOW + 500)]
    assert await backend.read(lambda conn: latencies.marks(conn, NOW + 3, NOW + 9)) == []


async def test_time_is_cut_in_steps_and_files_are_weighed_by_kind(backend: Backend) -> None:
    start = NOW - NOW % HOUR

    def work(conn: Connection) -> None:
        for number, at in enumerate((0, 1, HOUR, HOUR + 5)):
            tasks.insert(conn, a_task(f"video_{number}", created_at=start + at))
        for name, size in (("aa", 10), ("bb", 20)):
            blobs.put(conn, a_blob(name * 32, bytes=size))
        blobs.put(conn, a_blob("cc" * 32, bytes=5, media_type="image/webp"))

    await backend.write(work)
    found = await backend.read(lambda conn: latencies.over_time(conn, start, start + 2 * HOUR, HOUR))
    assert sorted((b.at, b.status, b.tasks) for b in found) == [
        (start, "queued", 2),
        (start + HOUR, "queued", 2),
    ]
    assert isinstance(found[0], Bucket)
    assert await backend.read(latencies.kept) == [Kept("video/mp4", 2, 30), Kept("image/webp", 1, 5)]
