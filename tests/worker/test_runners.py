"""What every runner promises: one suite for the embedded one and the one of several processes."""

from __future__ import annotations

from reelgate.core.lifecycle import Status
from tests.worker.conftest import Rig, until


async def test_a_lane_never_runs_more_than_its_slots_and_the_first_go_first(rig: Rig) -> None:
    rig.slots["a"] = 3
    names = [f"t{n}" for n in range(9)]
    async with rig.open() as runner:
        for name in names:
            await rig.wake(runner, name, "a")
        await until(lambda: len(rig.work.running) == 3)
        assert sorted(rig.work.running) == names[:3]

        rig.work.let_go(*names)
        await until(lambda: len(rig.work.started) == 9 and not rig.work.running)

    assert rig.work.most == 3
    assert sorted(rig.work.started) == names


async def test_a_wake_up_given_twice_runs_once(rig: Rig) -> None:
    rig.slots["a"] = 5
    async with rig.open() as runner:
        await rig.wake(runner, "t", "a", delay_s=0.3)
        await rig.wake(runner, "t", "a", delay_s=0.3)
        await until(lambda: rig.work.started == ["t"])
        await rig.wake(runner, "later", "a", delay_s=0.5)
        await until(lambda: "later" in rig.work.started)

        assert rig.work.started == ["t", "later"]
        rig.work.let_go("t", "later")


async def test_urgent_tasks_go_first(rig: Rig) -> None:
    rig.slots["a"] = 1
    async with rig.open() as runner:
        await rig.wake(runner, "first", "a")
        await until(lambda: rig.work.started == ["first"])
        await rig.wake(runner, "plain", "a")
        await rig.wake(runner, "urgent", "a", priority=5)

        rig.work.let_go("first", "urgent")
        await until(lambda: len(rig.work.started) == 3)

        assert rig.work.started == ["first", "urgent", "plain"]
        rig.work.let_go("plain")


async def test_what_the_upstream_already_has_is_watched_however_full_the_lane_is(rig: Rig) -> None:
    rig.slots["a"] = 1
    rig.statuses["watched"] = Status.RUNNING
    async with rig.open() as runner:
        await rig.wake(runner, "first", "a")
        await until(lambda: rig.work.started == ["first"])
        await rig.wake(runner, "watched", "a", holds_slot=True)
        await rig.wake(runner, "new", "a")
        await until(lambda: len(rig.work.running) == 2)

        assert rig.work.started == ["first", "watched"]
        rig.work.let_go("first")
        await until(lambda: rig.work.running == ["watched"])
        # The watched task holds the one slot that there is.
        await rig.wake(runner, "probe", "b")
        await until(lambda: "probe" in rig.work.started)
        assert "new" not in rig.work.started
        rig.work.let_go("watched", "probe")
        await until(lambda: "new" in rig.work.started)
        rig.work.let_go("new")


async def test_no_task_waits_while_another_channel_has_a_free_slot(rig: Rig) -> None:
    rig.slots |= {"a": 1, "b": 1}
    rig.models["m"] = ["a", "b"]
    async with rig.open() as runner:
        for name in ("t0", "t1", "t2"):
            await rig.wake(runner, name, "a", model="m")
        await until(lambda: len(rig.work.running) == 2)
        assert sorted(rig.work.running) == ["t0", "t1"]

        rig.work.let_go("t1")
        await until(lambda: sorted(rig.work.running) == ["t0", "t2"])

    assert {channel for _, channel in rig.rebound} == {"b"}


async def test_a_task_goes_to_no_channel_that_does_not_serve_its_model(rig: Rig) -> None:
    rig.slots |= {"a": 1, "b": 1}
    rig.models |= {"m": ["a"], "other": ["a", "b"]}
    async with rig.open() as runner:
        await rig.wake(runner, "t0", "a", model="m")
        await until(lambda: rig.work.running == ["t0"])
        await rig.wake(runner, "t1", "a", model="m")
        await rig.wake(runner, "t2", "a", model="other")
        await until(lambda: len(rig.work.running) == 2)

        assert sorted(rig.work.running) == ["t0", "t2"]
        assert rig.rebound == [("t2", "b")]


async def test_a_delayed_wake_up_waits_for_its_time_and_a_cancel_brings_it_forward(rig: Rig) -> None:
    rig.slots["a"] = 2
    async with rig.open() as runner:
        await rig.wake(runner, "far", "a", delay_s=3_600)
        await rig.wake(runner, "near", "a", delay_s=0.2)
        await until(lambda: rig.work.started == ["near"])

        runner.cancel("far")
        await until(lambda: rig.work.started == ["near", "far"])
        rig.work.let_go("near", "far")


async def test_a_wake_up_during_the_work_runs_it_again_afterwards(rig: Rig) -> None:
    rig.slots["a"] = 2
    async with rig.open() as runner:
        await rig.wake(runner, "t", "a")
        await until(lambda: rig.work.running == ["t"])
        await rig.wake(runner, "t", "a")
        assert rig.work.started == ["t"]

        rig.work.let_go("t")
        await until(lambda: rig.work.started == ["t", "t"])


async def test_a_task_that_wakes_itself_while_it_works_is_woken_again(rig: Rig) -> None:
    rig.slots["a"] = 1
    async with rig.open() as runner:
        await rig.wake(runner, "t", "a")
        await until(lambda: rig.work.running == ["t"])
        runner.enqueue("t", "a", delay_s=0.1)()
        rig.work.let_go("t")
        await until(lambda: rig.work.started == ["t", "t"])


async def test_a_task_that_breaks_is_woken_again_later_and_harms_no_other(rig: Rig) -> None:
    rig.slots["a"] = 2
    rig.work.surprises["bad"] = 1
    async with rig.open() as runner:
        await rig.wake(runner, "bad", "a")
        await rig.wake(runner, "good", "a")
        await until(lambda: rig.work.running == ["good"] and "bad" in rig.work.started)

        await until(lambda: sorted(rig.work.running) == ["bad", "good"])
        rig.work.let_go("bad", "good")


async def test_channels_that_come_close_widen_and_go_are_followed_without_a_restart(rig: Rig) -> None:
    rig.slots["a"] = 0
    async with rig.open() as runner:
        for name in ("t0", "t1", "t2"):
            await rig.wake(runner, name, "a")
        await rig.wake(runner, "n0", "new")
        await until(lambda: rig.work.started == ["n0"])  # a channel nobody knows holds nothing back

        rig.slots["a"] = 1
        await until(lambda: "t0" in rig.work.running)
        rig.slots["a"] = 2
        await until(lambda: "t1" in rig.work.running)
        assert "t2" not in rig.work.started
        del rig.slots["a"]
        await until(lambda: "t2" in rig.work.running)


async def test_the_waiting_tasks_of_a_shut_channel_go_to_another_one(rig: Rig) -> None:
    rig.slots |= {"a": 1, "b": 3}
    rig.models["m"] = ["b"]
    async with rig.open() as runner:
        await rig.wake(runner, "t0", "a", model="m")
        await until(lambda: rig.work.running == ["t0"])
        await rig.wake(runner, "t1", "a", model="other")
        await rig.wake(runner, "t2", "a", model="other")

        rig.slots["a"] = 0
        rig.models["other"] = ["a", "b"]
        await until(lambda: sorted(rig.work.running) == ["t0", "t1", "t2"])

    assert sorted(rig.rebound) == [("t1", "b"), ("t2", "b")]


async def test_free_slots_count_what_runs_and_what_waits(rig: Rig) -> None:
    rig.slots |= {"a": 3, "b": 1}
    rig.models["m"] = ["a", "b"]
    async with rig.open() as runner:
        assert runner.free_slots("a") == 3
        await rig.wake(runner, "t0", "a", model="m")
        # A look that began before the wake-up may end after it; the next one sees it.
        await until(lambda: runner.free_slots("a") == 2)
        await until(lambda: rig.work.running == ["t0"])
        await runner.look()
        assert runner.free_slots("a") == 2
        rig.work.let_go("t0")
        await until(lambda: not rig.work.running)


async def test_what_is_cut_off_by_a_stop_goes_on_with_the_next_runner(rig: Rig) -> None:
    rig.slots["a"] = 1
    async with rig.open() as runner:
        await rig.wake(runner, "t", "a")
        await until(lambda: rig.work.running == ["t"])
        runner.stop()
    assert rig.work.running == []

    async with rig.open() as later:
        if not later.in_rows:
            await rig.wake(later, "t", "a", holds_slot=True)  # the sweep at the start does this
        await until(lambda: rig.work.started == ["t", "t"])
