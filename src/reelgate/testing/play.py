"""Drive a flow with prepared answers: no server, no event loop, no double of anything."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from reelgate.core.dialect import Answer, Call, Effect, Reply

T = TypeVar("T")


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


def play(flow: Generator[Effect, Answer, T], *answers: Answer) -> Played[T]:
    """Run `flow` to its end, giving one answer to each effect.

    Raises ScriptError when answers run out or are left over.
    """
    effects: list[Effect] = []
    try:
        effect = next(flow)
        while True:
            effects.append(effect)
            if len(effects) > len(answers):
                flow.close()
                raise ScriptError(
                    f"effect {len(effects)} ({_named(effect)}) has no answer; {len(answers)} given"
                )
            effect = flow.send(answers[len(effects) - 1])
    except StopIteration as end:
        spare = len(answers) - len(effects)
        if spare:
            asked = ", ".join(_named(e) for e in effects) or "nothing"
            raise ScriptError(
                f"{spare} of {len(answers)} answers left over; the flow asked for: {asked}"
            ) from None
        return Played(end.value, tuple(effects))


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
