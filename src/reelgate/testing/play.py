"""Drive a flow with prepared answers: no server, no event loop, no double of anything."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from reelgate.core.dialect import Answer, Call, Closed, Effect, Follow, Line, Moment, Now, Reply

T = TypeVar("T")

NOW_MS = 1_762_000_000_000
"""The time it is in a played flow that is not told another."""


class ScriptError(AssertionError):
    """Raised when a flow asks for more, or less, than its script answers."""


class Played(msgspec.Struct, Generic[T], frozen=True):
    """What a flow returned and everything it asked for on the way."""

    result: T
    effects: tuple[Effect, ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        """The HTTP requests among the effects."""
        return tuple(effect for effect in self.effects if isinstance(effect, Call))

    @property
    def call(self) -> Call:
        """The one HTTP request of a flow that makes exactly one."""
        (only,) = self.calls
        return only


def play(flow: Generator[Effect, Answer, T], *answers: Answer, now_ms: int = NOW_MS) -> Played[T]:
    """Run `flow` to its end, giving one answer to each effect; the time is told without one.

    A streaming call answered with one whole `Reply` is sent it as `net` would: the head, then line
    after line. Raises ScriptError when answers run out or are left over.
    """
    effects: list[Effect] = []
    script = deque(answers)
    lines: deque[Answer] = deque()
    try:
        effect = next(flow)
        while True:
            effects.append(effect)
            if isinstance(effect, Follow) and lines:
                effect = flow.send(lines.popleft())
                continue
            if isinstance(effect, Now):
                effect = flow.send(Moment(now_ms))
                continue
            if not script:
                flow.close()
                raise ScriptError(
                    f"effect {len(effects)} ({_named(effect)}) has no answer; {len(answers)} given"
                )
            answer = script.popleft()
            whole = not (script and isinstance(script[0], Line | Closed))
            if isinstance(effect, Call) and effect.stream and isinstance(answer, Reply) and whole:
                answer, *rest = streamed(answer)
                lines = deque(rest)
            effect = flow.send(answer)
    except StopIteration as end:
        if script:
            asked = ", ".join(_named(e) for e in effects) or "nothing"
            raise ScriptError(
                f"{len(script)} of {len(answers)} answers left over; the flow asked for: {asked}"
            ) from None
        return Played(end.value, tuple(effects))


def streamed(whole: Reply, *, clean: bool = True) -> tuple[Answer, ...]:
    """Cut an answer into what a streaming call is sent: the head, each line, and the end."""
    text = whole.body.decode("utf-8", "replace")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    head = msgspec.structs.replace(whole, body=b"")
    return (head, *(Line(line) for line in lines), Closed(clean=clean))


def reply(body: Any = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Build an answer: bytes and text as they are, anything else as JSON; header names in lower case."""
    if isinstance(body, bytes | str):
        content, kind = (body.encode() if isinstance(body, str) else body), "text/plain"
    else:
        content, kind = msgspec.json.encode(body), "application/json"
    named = {name.lower(): value for name, value in (headers or {}).items()}
    return Reply(status=status, headers={"content-type": kind, **named}, body=content)


def _named(effect: Effect) -> str:
    return f"{effect.method} {effect.path}" if isinstance(effect, Call) else type(effect).__name__
