from __future__ import annotations

import pytest

from reelgate.core.events import WEBHOOK_TYPES, EventType
from reelgate.core.lifecycle import TERMINAL, Status


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_an_event_of_its_name(status: Status):
    assert f"video.{status.value}" in set(EventType)


def test_receivers_are_told_of_the_ends_and_of_clips_that_come_after_them():
    ends = {f"video.{status.value}" for status in TERMINAL}
    assert {kind.value for kind in WEBHOOK_TYPES} == ends | {"video.late_output"}
    assert set(WEBHOOK_TYPES.values()) == {"video.completed", "video.failed", "video.late_output"}
