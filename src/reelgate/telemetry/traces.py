"""Traces: one tree of spans from a request to the clip it made, when an operator wants them.

The place of a task in its caller's trace is stored with the task (`traceparent`), so that a worker in
another process goes on with the same trace. While traces are off nothing is imported, made or kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from reelgate.core.task import Task

T = TypeVar("T")
P = ParamSpec("P")

Asgi = Callable[..., Awaitable[None]]
Verb = Callable[P, Coroutine[Any, Any, T]]


class Tracing(Protocol):
    """Makes spans; there is one implementation, loaded when traces are on."""

    def span(self, name: str, parent: str | None, said: Mapping[str, str]) -> AbstractContextManager[None]:
        """Open a span under a stored place, or under the span that is open here."""
        ...

    def place(self) -> str | None:
        """Give the place of the open span, as `traceparent` has it."""
        ...

    def around(self, app: Asgi) -> Asgi:
        """Give an application whose requests are spans, in the trace their caller names."""
        ...

    def stop(self) -> None:
        """Send what is still to be sent, for a few seconds at most."""
        ...


class TracesUnavailable(Exception):
    """Raised when traces are wanted and what they need is not installed."""


class _Switch:
    """Whether this process makes traces."""

    on: Tracing | None = None


_switch = _Switch()


@contextmanager
def traced(endpoint: str | None, share: float, version: str) -> Generator[None]:
    """Send this process's spans to an OTLP collector until the block ends; without an address do nothing.

    Raises TracesUnavailable when the extra `otel` is not installed.
    """
    if endpoint is None:
        yield
        return
    try:
        from reelgate.telemetry import otel  # noqa: PLC0415 - costs nothing while traces are off
    except ImportError as missing:
        msg = f"Traces need the extra `otel`: install `reelgate[otel]` ({missing.name} is missing)."
        raise TracesUnavailable(msg) from missing
    with using(otel.to_collector(endpoint, share, version)):
        yield


@contextmanager
def using(tracing: Tracing) -> Generator[None]:
    """Make spans with `tracing` until the block ends."""
    _switch.on = tracing
    try:
        yield
    finally:
        _switch.on = None
        tracing.stop()


def place() -> str | None:
    """Give where in a trace we are, to be stored with what is made here; None while traces are off."""
    return None if _switch.on is None else _switch.on.place()


def around(app: Asgi) -> Asgi:
    """Give the application whose requests are spans; the same one while traces are off."""
    return app if _switch.on is None else _switch.on.around(app)


def step(name: str) -> Callable[[Verb[P, T]], Verb[P, T]]:
    """Make a verb a span: of the task that is its second argument, or else of what is open here."""

    def decorate(verb: Verb[P, T]) -> Verb[P, T]:
        async def spanned(tracing: Tracing, *args: P.args, **more: P.kwargs) -> T:
            subject = args[1] if len(args) > 1 else None
            parent, said = _of(subject) if isinstance(subject, Task) else _NOTHING
            with tracing.span(f"reelgate.{name}", parent, said):
                return await verb(*args, **more)

        @wraps(verb)
        def wrapper(*args: P.args, **more: P.kwargs) -> Coroutine[Any, Any, T]:
            tracing = _switch.on
            return verb(*args, **more) if tracing is None else spanned(tracing, *args, **more)

        return wrapper

    return decorate


_NOTHING: tuple[None, Mapping[str, str]] = (None, {})


def _of(task: Task) -> tuple[str | None, Mapping[str, str]]:
    said = {
        "reelgate.task": task.id,
        "reelgate.model": task.served_model,
        "reelgate.verb": task.request.verb.value,
    }
    return task.traceparent, said if task.channel_id is None else {
        **said,
        "reelgate.channel": task.channel_id,
    }
