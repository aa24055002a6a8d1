"""Answers with missing keys, wrong types, nulls, huge texts and unknown words, and what they must never do."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from hypothesis import strategies as st

from reelgate.core.dialect import Channel, Dialect, Moment, NoReply, Now, Phase, Submission
from reelgate.testing.play import NOW_MS, reply

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
HUGE = st.sampled_from(["x" * 300_000, "9" * 5_000, "[" * 5_000])
WORDS = ("status", "task_status", "state", "object")
LIVING = frozenset({None, Phase.QUEUED, Phase.IN_PROGRESS})


@st.composite
def damaged(draw: st.DrawFn, body: Any) -> Any:
    """`body` with keys gone and values replaced, at any depth; a status word becomes unknown or no word at all."""
    if isinstance(body, list):
        return [draw(damaged(item)) for item in body][: draw(st.integers(0, len(body)))]
    if not isinstance(body, dict):
        return body
    bent: dict[str, Any] = {}
    for name, value in body.items():
        match draw(st.integers(0, 5)):
            case 0:
                continue
            case 1 if name in WORDS:
                bent[name] = draw(st.none() | st.integers() | st.sampled_from(["pondering", "", "{}"]))
            case 1:
                bent[name] = draw(ANYTHING | HUGE)
            case _:
                bent[name] = draw(damaged(value))
    return bent


def ended(flow: Generator[Any, Any, Any], first: Any) -> Any:
    """Run a flow to its end: one answer, then silence."""
    answer, result = first, None
    try:
        effect = next(flow)
        for _ in range(300):
            if isinstance(effect, Now):
                effect = flow.send(Moment(NOW_MS))
                continue
            effect = flow.send(answer)
            answer = NoReply(sent=True, reason="enough")
        raise AssertionError("a flow asks for ever")
    except StopIteration as end:
        result = end.value
    return result


def lives_on(dialect: Dialect, channel: Channel, ref: str, body: Any, status: int = 200) -> None:
    """A damaged answer about a living job ends nothing, brings no clip, and keeps progress a percentage."""
    seen = ended(dialect.poll(ref, channel), reply(body, status))
    assert seen.phase in LIVING, seen
    assert seen.error is None
    assert seen.outputs == ()
    assert seen.progress is None or 0 <= seen.progress <= 100


def never_raises(dialect: Dialect, channel: Channel, submission: Submission, body: Any, status: int) -> None:
    """No answer at all makes any flow of a dialect raise or go on for ever."""
    answer = reply(body, status)
    ended(dialect.submit(submission, channel), answer)
    ended(dialect.poll("job-0001", channel), answer)
    every: Any = dialect
    if hasattr(every, "discover"):
        ended(every.discover(channel), answer)
    if hasattr(every, "poll_many"):
        ended(every.poll_many(["job-0001"], channel), answer)
    if hasattr(every, "find"):
        ended(every.find(submission, channel, frozenset()), answer)
    if hasattr(every, "cancel"):
        ended(every.cancel("job-0001", channel), answer)
