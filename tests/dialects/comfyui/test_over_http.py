"""The flows over real HTTP, against a simulated server: a picture goes up, progress comes over the socket, a clip home."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Found, Phase
from reelgate.testing.round_trip import QUEUE_S, RUN_S
from tests.testing.simulators.vendors import at, brought_home, frames, picture


async def test_a_picture_becomes_a_clip(tmp_path):
    async with at("comfyui", tmp_path) as on:
        dialect: Any = on.dialect
        given = on.submission()
        given = replace(
            given, upstream_model="from-image", request=replace(given.request, inputs=(picture(),))
        )

        accepted = await on.drive(dialect.submit(given, on.channel))
        on.clock.advance(QUEUE_S + RUN_S * 0.35)
        found = await on.drive(dialect.find(given, on.channel, frozenset()))
        seen = await on.poll(accepted.ref)
        clip = await brought_home(on, accepted.ref)

    assert isinstance(accepted, Accepted)
    assert isinstance(found, Found)
    assert accepted.ref == found.ref == f"{given.token}@from-image"
    ((name, _),) = on.simulator.notes["server"].inputs.items()
    job = on.simulator.book.get(given.token)
    assert job is not None
    assert job.order.fields["prompt"]["11"]["inputs"]["image"] == name
    assert (seen.phase, seen.progress) == (Phase.IN_PROGRESS, 35)
    assert frames(clip) == 8
    assert len(on.simulator.bill) == 1
