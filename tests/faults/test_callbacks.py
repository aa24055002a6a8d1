"""Vendors' simulators call a real server back over HTTP: signed, unsigned, tried first, repeated and forged."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelgate.testing.simulators import families
from tests.faults.calling import SIGNED, called

UNSIGNED = ("ark", "kie_veo", "kling", "luma", "minimax_v1", "minimax_v2", "zhenzhen_v2")


def test_every_vendor_that_calls_back_is_tried_here() -> None:
    """One takes https addresses alone; one is a proxy that only passes callbacks on."""
    ours = {name for name, family in families().items() if family.tell is not None}

    assert ours - {"openrouter", "litellm"} == {*SIGNED, *UNSIGNED}


async def test_callbacks_end_what_nobody_would_have_asked_about_for_an_hour(tmp_path: Path) -> None:
    names = (*SIGNED, *UNSIGNED)
    async with called(tmp_path, *names) as on:
        videos = [await on.create(name, "a boat [fault:duplicate_callback]") for name in names]
        for video_id in videos:
            await on.completed(video_id)

        told = {
            name: [one for one in sim.caller.told if not one.forged] for name, sim in on.simulators.items()
        }
        bills = {name: len(sim.bill) for name, sim in on.simulators.items()}

    assert bills == dict.fromkeys(names, 1)
    assert all(one.taken for each in told.values() for one in each), told
    assert all(told.values())


@pytest.mark.parametrize("name", ["replicate", "kling"])
async def test_a_forged_ending_is_never_believed(tmp_path: Path, name: str) -> None:
    """Where callbacks are signed it is refused; where they are not it costs one more question."""
    async with called(tmp_path, name) as on:
        simulator = on.simulators[name]
        video_id = await on.create(name, "a boat [fault:forged_callback]")
        await on.completed(video_id)
        forged = [one for one in simulator.caller.told if one.forged]

    assert forged
    assert all(one.taken is (name == "kling") for one in forged)
    assert len(simulator.bill) == 1
