"""Workers that are killed, frozen or told to stop: others go on with their tasks, and nothing is paid for twice."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from tests.distributed.conftest import Fleet, Process, until, upstream

TASKS = 24


def _all_ended(fleet: Fleet) -> bool:
    return fleet.rows("SELECT count(*) FROM tasks WHERE finished_at IS NULL") == [(0,)]


def _held_by_somebody(fleet: Fleet, at_least: int) -> bool:
    return fleet.rows("SELECT count(*) FROM pgqueuer WHERE status = 'picked'")[0][0] >= at_least


def _silent(fleet: Fleet) -> int:
    """Count the jobs nobody has kept alive lately."""
    return fleet.rows("SELECT count(*) FROM pgqueuer WHERE heartbeat < now() - interval '5 seconds'")[0][0]


def _begin(fleet: Fleet, base_url: str) -> tuple[Process, list[str]]:
    api = fleet.start("api", "api").ready()
    fleet.set_up(base_url, concurrency=10)
    until(lambda: "demo" in str(api.call("GET", "/v1/models", fleet.key)[1]))
    return api, [fleet.create(api, f"clip {n}") for n in range(TASKS)]


@pytest.mark.slow
def test_the_tasks_of_a_killed_worker_are_finished_by_another_one(fleet: Fleet) -> None:
    with upstream(fleet.folder, "--queue", "0.5", "--run", "3") as base_url:
        victim = fleet.start("victim", "worker")
        api, made = _begin(fleet, base_url)
        victim.ready()
        until(lambda: _held_by_somebody(fleet, 10))
        fleet.start("heir", "worker").ready()
        time.sleep(0.5)
        victim.signal(signal.SIGKILL)
        epochs = dict(
            fleet.rows("SELECT id, lease_epoch FROM tasks WHERE finished_at IS NULL AND lease_epoch > 0")
        )
        until(lambda: _resumed(fleet, epochs))
        until(lambda: _all_ended(fleet))

        assert max(fleet.bill().values()) == 1
        assert {fleet.status(api, task_id) for task_id in made} <= {"completed", "failed"}
        fleet.sound()


def _resumed(fleet: Fleet, epochs: dict[str, int]) -> bool:
    rows = fleet.rows("SELECT id, lease_epoch, finished_at FROM tasks")
    return all(done is not None or epoch > epochs[i] for i, epoch, done in rows if i in epochs)


@pytest.mark.slow
def test_a_frozen_worker_that_wakes_writes_nothing_and_sends_nothing(fleet: Fleet) -> None:
    with upstream(fleet.folder, "--queue", "0.2", "--run", "1") as base_url:
        zombie = fleet.start("zombie", "worker")
        api, made = _begin(fleet, base_url)
        zombie.ready()
        until(lambda: sum(fleet.bill().values()) >= 5)
        zombie.signal(signal.SIGSTOP)
        heir = fleet.start("heir", "worker").ready()
        until(lambda: _all_ended(fleet))
        assert heir.stop() == 0
        before, billed = fleet.everything(made), fleet.bill()

        zombie.signal(signal.SIGCONT)
        proof = fleet.create(api, "the zombie lives")
        until(lambda: fleet.status(api, proof) == "completed")
        assert zombie.stop() == 0

        assert fleet.everything(made) == before
        assert fleet.bill() == billed + Counter(["the zombie lives"])
        assert max(billed.values()) == 1
        assert {fleet.status(api, task_id) for task_id in made} <= {"completed", "failed"}
        fleet.sound()


@pytest.mark.slow
def test_a_worker_told_to_stop_hands_its_tasks_over_within_its_time(fleet: Fleet) -> None:
    with upstream(fleet.folder, "--queue", "0.2", "--run", "6") as base_url:
        leaving = fleet.start("leaving", "worker", REELGATE_HEARTBEAT_S="60")
        api, made = _begin(fleet, base_url)
        leaving.ready()
        until(lambda: sum(fleet.bill().values()) >= 8)

        assert leaving.stop() == 0
        stopped = fleet.start("heir", "worker", REELGATE_HEARTBEAT_S="60").ready()
        until(lambda: _all_ended(fleet))

        assert stopped.process.poll() is None
        assert max(fleet.bill().values()) == 1
        assert {fleet.status(api, task_id) for task_id in made} == {"completed"}
        fleet.sound()


@pytest.mark.slow
def test_every_worker_killed_again_and_again_loses_and_repeats_nothing(fleet: Fleet) -> None:
    with upstream(fleet.folder, "--queue", "0.3", "--run", "1.5") as base_url:
        api, made = _begin(fleet, base_url)
        for turn in range(6):
            worker = fleet.start(f"worker{turn}", "worker").ready()
            time.sleep(1.0 + 0.3 * turn)
            worker.signal(signal.SIGKILL)
        fleet.start("last", "worker").ready()
        until(lambda: _all_ended(fleet))

        assert max(fleet.bill().values()) == 1
        assert {fleet.status(api, task_id) for task_id in made} <= {"completed", "failed"}
        fleet.sound()
