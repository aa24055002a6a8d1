"""The OpenAI Videos API as it was: ten operations, a list that pages, a delete that only forgets, no client id."""

from __future__ import annotations

from typing import Final

from reelgate.testing.simulators import Answer, Ask, Desk, Family, Refusal, Route, Why, says
from reelgate.testing.simulators.shape import EVERYTHING, Shape, models


def add_character(desk: Desk, ask: Ask) -> Answer:
    """Keep a character made from a clip that is sent along."""
    name = ask.fields.get("name")
    if not name or not ask.files:
        raise Refusal(Why.INVALID, "`name` and `video` are required.", param="name")
    ref = desk.new_id("char_{hex}")
    made = {"id": ref, "name": name, "created_at": desk.now_ms // 1_000}
    desk.notes[ref] = made
    return says(made)


def character(desk: Desk, ask: Ask) -> Answer:
    """Give a character back."""
    found = desk.notes.get(ask.params["id"])
    if found is None:
        raise Refusal(Why.UNKNOWN_JOB, "No such character.")
    return says(found)


FAMILIES: Final = (
    Family(
        dialect="openai_videos",
        title="OpenAI Videos API",
        base="/v1",
        model="sora-2",
        routes=(
            Route("POST", "/v1/videos/characters", add_character),
            Route("GET", "/v1/videos/characters/{id}", character),
            *Shape().routes(*EVERYTHING),
            models("/v1", "sora-2", "sora-2-pro"),
        ),
        refunds=frozenset({"broke", "moderated"}),
    ),
)
