"""A job in a child: what it can see, what it may use, and how its end is told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reelgate.core.errors import Code
from reelgate.media.child import Died, Done, Limits, Outcome, Refused, Why, run

ROOT = Path(__file__).parents[2]


async def job(name: str, args: dict[str, Any] | None = None, files: Sequence[int] = (), **kw: Any) -> Outcome:
    return await run(f"tests.media.child_jobs:{name}", args or {}, files=files, **kw)


def died(outcome: Outcome) -> Why:
    assert isinstance(outcome, Died), outcome
    return outcome.why


def value(outcome: Outcome) -> Any:
    assert isinstance(outcome, Done), outcome
    return outcome.value


async def ends(pid: int) -> None:
    """Return when a process is gone."""
    while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110 the kernel has no event for it
        await asyncio.sleep(0.005)


async def test_a_child_sees_its_arguments_its_files_and_nothing_else_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello")
    with (tmp_path / "a").open("rb") as file, (tmp_path / "b").open("wb"):
        seen = value(await job("surroundings", {"x": [1, "é"]}, files=[file.fileno()]))
        assert value(await job("read", files=[file.fileno()])) == "hello"
    assert seen["args"] == {"x": [1, "é"]}
    assert set(seen["env"]) <= {"MALLOC_ARENA_MAX", "LC_ALL", "LC_CTYPE"}
    # 0 to 2 lead nowhere, 3 is its line to the server, the last one is the listing itself.
    assert seen["fds"] == [0, 1, 2, 3, *seen["files"], max(seen["files"]) + 1]
    assert seen["leads_group"]


async def test_every_job_runs_in_a_process_of_its_own() -> None:
    first, second = value(await job("surroundings")), value(await job("surroundings"))
    assert first["pid"] != second["pid"]


async def test_notes_arrive_in_order_before_the_answer() -> None:
    notes: list[int] = []
    assert value(await job("count", {"to": 500}, tell=notes.append)) == 500
    assert notes == list(range(500))


async def test_a_long_request_arrives_whole() -> None:
    text = "ж" * 1_000_000
    assert value(await job("surroundings", {"text": text}))["args"]["text"] == text


@pytest.mark.parametrize(
    ("name", "limits", "why"),
    [
        ("eat_memory", Limits(), Why.MEMORY),
        ("burn", Limits(cpu_seconds=1), Why.TIME),
        ("sleep", Limits(wall_seconds=0.2), Why.TIME),
        ("shoot_itself", Limits(), Why.MEMORY),
        ("segfault", Limits(), Why.CRASH),
        ("open_many", Limits(), Why.CRASH),
        ("fill_disk", Limits(), Why.STORAGE),
        ("stumble", Limits(), Why.CRASH),
    ],
)
async def test_a_child_that_breaks_its_limits_is_an_outcome_and_the_next_job_runs(
    name: str, limits: Limits, why: Why
) -> None:
    assert died(await job(name, limits=limits)) is why
    assert value(await job("count", {"to": 1})) == 1


async def test_a_child_cannot_write_a_file_beyond_its_limit(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        outcome = await job("write_much", files=[file.fileno()], limits=Limits(file_bytes=3 << 20))
    assert died(outcome) is Why.CRASH
    assert (tmp_path / "big").stat().st_size == 3 << 20


async def test_a_refusal_comes_back_as_the_failure_it_carries() -> None:
    outcome = await job("refuse_it")
    assert isinstance(outcome, Refused)
    assert outcome.failure.code is Code.PAYLOAD_TOO_LARGE


async def test_cancelling_kills_the_child() -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()
    task = asyncio.create_task(job("sleep", tell=pids.put_nowait))
    pid = await pids.get()
    assert Path(f"/proc/{pid}").exists()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ends(pid), 10)


async def test_at_most_two_media_jobs_run_at_once_and_all_of_them_run(tmp_path: Path) -> None:
    together: list[int] = []
    outcomes = await asyncio.gather(
        *(job("overlap", {"folder": str(tmp_path)}, tell=together.append) for _ in range(8))
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert max(together) == 2


async def test_a_job_cancelled_while_it_waits_takes_no_slot() -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()
    busy = [asyncio.create_task(job("sleep", tell=pids.put_nowait)) for _ in range(2)]
    for _ in busy:
        await pids.get()
    waiting = [asyncio.create_task(job("sleep", tell=pids.put_nowait)) for _ in range(3)]
    await asyncio.sleep(0)
    last = asyncio.create_task(job("count", {"to": 3}))
    for task in (*waiting, *busy):
        task.cancel()
    assert value(await last) == 3
    await asyncio.gather(*busy, *waiting, return_exceptions=True)
    assert pids.empty()


async def test_jobs_of_another_lane_do_not_wait_for_media_jobs() -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()
    busy = [asyncio.create_task(job("sleep", tell=pids.put_nowait)) for _ in range(2)]
    for _ in busy:
        await pids.get()
    assert value(await job("count", {"to": 2}, limits=Limits(lane="draw"))) == 2
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_a_killed_porter_ends_its_children_and_the_next_job_starts_another() -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()
    task = asyncio.create_task(job("sleep", tell=pids.put_nowait, limits=Limits(wall_seconds=300)))
    pid = await pids.get()
    porter = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(porter, signal.SIGKILL)
    assert died(await asyncio.wait_for(task, 20)) is Why.CRASH
    await asyncio.wait_for(ends(pid), 10)
    assert value(await job("count", {"to": 1})) == 1


async def test_children_and_porter_end_when_the_server_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys; sys.path[:0] = sys.argv[1:]\n"
        "from reelgate.media.child import run\n"
        "asyncio.run(run('tests.media.child_jobs:sleep', {}, tell=lambda pid: print(pid, flush=True)))"
    )
    src = str(Path(sys.modules["reelgate"].__path__[0]).parent)
    server = subprocess.Popen([sys.executable, "-c", script, src, str(ROOT)], stdout=subprocess.PIPE)
    assert server.stdout is not None
    pid = int(await asyncio.to_thread(server.stdout.readline))
    porter = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert porter != server.pid
    server.kill()
    server.communicate()
    await asyncio.wait_for(ends(pid), 10)
    await asyncio.wait_for(ends(porter), 10)


async def test_a_process_that_ends_in_order_leaves_no_porter_and_no_socket_open() -> None:
    script = (
        "import asyncio, sys; sys.path[:0] = sys.argv[1:]\n"
        "from reelgate.media.child import run\n"
        "print(asyncio.run(run('tests.media.child_jobs:count', {'to': 1})))"
    )
    src = str(Path(sys.modules["reelgate"].__path__[0]).parent)
    words = [sys.executable, "-W", "always::ResourceWarning", "-c", script, src, str(ROOT)]

    ended = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=True)

    assert "Done" in ended.stdout
    assert ended.stderr == ""


async def test_a_child_cannot_reach_the_network_where_the_kernel_lets_us_forbid_it() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        allowed = subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode == 0
        assert value(await job("dial", {"port": port})) is not allowed
