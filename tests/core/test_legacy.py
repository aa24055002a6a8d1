"""What the first source kept in JSON files is read as far as it can be told."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.core.legacy import characters, history

ENTRY = {
    "taskId": "task_1",
    "prompt": " a boat ",
    "model": "sora-2",
    "video_url": "https://example.invalid/out/boat%20one.mp4?sig=1",
    "createdAt": "2025-12-29T08:00:00.000Z",
}


def test_an_entry_is_read_under_the_names_such_programs_use() -> None:
    [entry] = history([ENTRY])

    assert (entry.ids, entry.prompt, entry.model) == (("task_1",), "a boat", "sora-2")
    assert (entry.files, entry.created_at) == (("boat%20one.mp4",), 1_766_995_200_000)


@pytest.mark.parametrize(
    "document", [[ENTRY], {"history": [ENTRY]}, {"task_1": ENTRY}, {"items": [ENTRY, 7]}]
)
def test_a_list_is_found_wherever_it_lies(document: Any) -> None:
    assert [entry.prompt for entry in history(document)] == ["a boat"]


@pytest.mark.parametrize("document", [None, 7, "x", [], [[]], {"a": 1}, [{"createdAt": True, "prompt": 3}]])
def test_what_is_not_understood_is_left_out(document: Any) -> None:
    assert [entry for entry in history(document) if entry.prompt or entry.created_at] == []
    assert characters(document) == []


def test_a_character_keeps_its_name_its_span_and_where_it_is_from() -> None:
    [one] = characters(
        [
            {
                "id": "ch_1",
                "username": "ming",
                "sourceVideoUrl": "https://example.invalid/v/boat.mp4",
                "timestamps": "1,3",
                "fromTask": "task_1",
            }
        ]
    )

    assert (one.id, one.name, one.from_task) == ("ch_1", "ming", "task_1")
    assert (one.files, one.timestamps) == (("boat.mp4",), "1,3")
