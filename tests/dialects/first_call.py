"""The paid call a dialect would make, without an answer to it: what it sends, and where our own words stand in it."""

from __future__ import annotations

from typing import Any

from reelgate.app import load_dialects
from reelgate.core.dialect import Call, Channel, Moment, Now, Recorded, Render, Submission
from reelgate.core.task import Request, Verb

DIALECTS, PROFILES = load_dialects()


def first_call(dialect: str, token: str = "token-1", **settings: Any) -> Call | Render:
    """Give the first effect of a plain submit of a dialect's first model, on a channel with these settings."""
    speaks, facts = DIALECTS[dialect], PROFILES[dialect]
    profile = facts.model[0] if facts.model else facts.fallback
    assert profile is not None
    request = Request(
        verb=Verb.CREATE,
        model="public",
        prompt="a paper boat",
        seconds=profile.seconds_default,
        size=profile.default_size,
    )
    submission = Submission(
        request=request, upstream_model=profile.name, token=token, submitted_at_ms=1_762_000_000_000
    )
    recorded = getattr(speaks, "recorded", Recorded())
    channel = Channel(
        id="chan_1",
        name="upstream",
        dialect=dialect,
        base_url=f"https://upstream.example{recorded.base}",
        secret="access:secret",
        settings={**recorded.settings, **settings},
    )
    flow = speaks.submit(submission, channel)
    effect = next(flow)
    while isinstance(effect, Now):
        effect = flow.send(Moment(1_762_000_000_000))
    assert isinstance(effect, Call | Render)
    return effect
