"""Servers killed and frozen between any two lines that matter: the bill is the captures and the open doubts, always."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.drill import ACCEPTED, DOUBTFUL, OUTCOMES, incidents, run_drill
from tests.faults.stopping import POINTS

QUICK = ("luma", "kling", "runway")
FROZEN = {"intent.committed", "call.accepted", "record.inside"}
DOUBT = ("verdict.inside", "verdict.committed")
MANY = (
    *("openai_videos", "kling", "comfyui", "replicate", "luma", "sglang"),
    *("fal_queue", "dashscope", "minimax_v2", "runway", "xai", "openrouter", "kie_veo", "localai"),
)
"""Six whose jobs can be found again, by a name or in a list; eight whose cannot."""


def test_a_server_stopped_at_every_point_of_a_tasks_life_pays_once_and_forgets_nothing(
    tmp_path: Path,
) -> None:
    planned = incidents((ACCEPTED,), QUICK, freezes=lambda _, point: point in FROZEN)
    planned += incidents(("drop_after_accept",), QUICK, DOUBT, start=500, freezes=lambda *_: False)

    drill, found = run_drill(tmp_path, planned)

    assert found.billed == found.captured + found.open_taken
    assert {point for point, _ in drill.reached} == {*POINTS}, drill.missed


@pytest.mark.slow
def test_a_thousand_tasks_at_every_point_with_every_outcome_are_billed_as_they_are_booked(
    tmp_path: Path,
) -> None:
    planned = incidents(OUTCOMES, MANY, company=6)
    # Not every upstream has its tasks come by every point; these three do.
    planned += incidents((ACCEPTED,), QUICK, start=len(planned), freezes=lambda _, point: point in FROZEN)

    drill, found = run_drill(tmp_path, planned)

    print(f"\n{found}; {drill.lives} lives, stops {drill.reached.total()}, missed {len(drill.missed)}")  # noqa: T201
    assert found.tasks >= 1_000
    assert found.billed == found.captured + found.open_taken
    assert {point for point, _ in drill.reached} == {*POINTS}
    assert {how for _, how in drill.reached} == {"kill", "freeze"}
    assert found.open_taken <= len(DOUBTFUL) * len(planned)
