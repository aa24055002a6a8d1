"""Log lines: structured, redacted last, each with the request and the task it belongs to.

Two forms: JSON for machines, and for people a framed block for every request with `[API]` and
`[Background]` lines around it. Neither shows a secret, however it came into the line.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
import structlog

Form = Literal["auto", "human", "json"]
Choice = Literal["auto", "on", "off"]

_SECRET_KEYS: Final = re.compile(
    r"(authorization|api[-_]?key|access[-_]?key|secret|token|password|credential|cookie|signature)",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+)[^\s\"',]+"
    r"|\b(?:rg|sk|whsec)[-_][a-z0-9_\-+/=]{8,}|\b(?:pk|rk|r8|xai|hf)[-_][a-z0-9_\-]{20,}"
    r"|\beyj[a-z0-9_-]{8,}\.[a-z0-9_-]+\.[a-z0-9_-]*"
    r"|([?&](?:key|api[-_]?key|access[-_]?token|token|sig|signature|secret|x-(?:amz|goog)-[a-z-]+)=)[^&\s\"']+"
    r"|(://[^:/@\s]*:)[^@/\s]+(?=@)"
)
_OURS: Final = re.compile(r"(?!whsec)[a-z]{3,8}_[0-9a-hjkmnp-tv-z]{26}|\d{4}-\d\d-\d\dT[\d:.]+Z", re.ASCII)
"""Ids and times, which are never secrets."""
_HIDDEN: Final = "[hidden]"
_SHORTEST_SECRET: Final = 8
_REMEMBERED: Final = 64
"""Longest text whose looking-through is remembered."""
_PARTS: Final = re.compile(r"[\s:,;|]+")

log: structlog.stdlib.BoundLogger = structlog.get_logger("reelgate")

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_about: ContextVar[Mapping[str, str]] = ContextVar("reelgate_about", default=_NOTHING)
_known: set[str] = set()


class _Shown:
    """What this installation wants to see beside what always is."""

    requests = False
    prompts = False


shown: Final = _Shown()


def prompt_shown(prompt: str) -> str | None:
    """Give a prompt for a line; None unless this installation logs prompts."""
    return prompt if shown.prompts else None


def about_request(request_id: str) -> None:
    """Put the request's id on every line that is logged while it is answered."""
    _about.set({"part": "api", "request_id": request_id})


def about_task(task_id: str, request_id: str | None) -> None:
    """Put a task, and the request that made it, on every line logged while it is moved."""
    about = {"part": "background", "task": task_id}
    _about.set(about if request_id is None else {**about, "request_id": request_id})


def current_request() -> str | None:
    """Give the id of the request that is being answered here, if one is."""
    return _about.get().get("request_id")


def hide(secrets: Iterable[str]) -> None:
    """Hide these texts, and their parts, in every line from now on, whatever they look like."""
    for secret in secrets:
        for part in (secret, *_PARTS.split(secret)):
            if len(part) >= _SHORTEST_SECRET:
                _known.add(part)


def redact(value: Any) -> Any:
    """Give `value` without anything that is a known secret or looks like one."""
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, Mapping):
        return {k: _HIDDEN if _is_secret_name(str(k)) else redact(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if value is None or isinstance(value, int | float):
        return value
    return _redact_text(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


@lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    return _SECRET_KEYS.search(name) is not None


def _redact_text(text: str) -> str:
    # Most texts of a line are ours, and looking for secrets in them costs more than writing the line.
    if len(text) < _SHORTEST_SECRET or _OURS.fullmatch(text):
        return text
    for secret in tuple(_known):
        if secret in text:
            text = text.replace(secret, _HIDDEN)
    return _without_patterns(text) if len(text) <= _REMEMBERED else _look(text)


def _look(text: str) -> str:
    return _SECRET_TEXT.sub(lambda m: f"{m.group(1) or m.group(2) or m.group(3) or ''}{_HIDDEN}", text)


_without_patterns = lru_cache(maxsize=1024)(_look)


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return redact(event)


def _say_about(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in _about.get().items():
        event.setdefault(name, value)
    return event


def _as_json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(event).decode()


def processors(*, human: bool, colours: bool) -> list[structlog.typing.Processor]:
    """Give what a line goes through, in order; redaction is the last before it is written."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _say_about,
        structlog.processors.format_exc_info,
        _redact_event,
        Framed(colours=colours) if human else _as_json,
    ]


def configure(form: Form, level: str, *, requests: Choice = "auto", prompts: bool = False) -> None:
    """Set up logging for this process, on standard error.

    `auto` is the form for people on a terminal and JSON elsewhere; each request is logged for people.
    """
    human = form == "human" or (form == "auto" and sys.stderr.isatty())
    shown.requests = requests == "on" or (requests == "auto" and human)
    shown.prompts = prompts
    structlog.configure(
        processors=processors(human=human, colours=sys.stderr.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries say their warnings through the same redaction; what they say at debug is for their authors.
    logging.basicConfig(handlers=[_Bridge()], level=logging.INFO if level == "debug" else logging.WARNING)


class _Bridge(logging.Handler):
    """Passes on what libraries log, so that it is redacted and looks like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


_PARTS_SHOWN: Final = {"api": "[API]", "background": "[Background]"}
_COLOURS: Final = {"warning": "33", "error": "31", "critical": "31"}
_APART: Final = frozenset({"event", "level", "timestamp", "part", "exception", "request_id"})


class Framed:
    """Writes lines for people: a frame for each request, its parts on lines of their own."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _: Any, __: str, event: MutableMapping[str, Any]) -> str:
        return self._request(event) if event.get("event") == "request" else self._line(event)

    def _request(self, event: Mapping[str, Any]) -> str:
        status = int(event.get("status", 0))
        colour = "31" if status >= 500 else "33" if status >= 400 else "32"
        lines = [
            f"┌ → {plain(event.get('method'))} {plain(event.get('path'))}  {plain(event.get('request_id', ''))}",
            f"│   agent  {plain(event.get('agent') or '-')}",
            f"│   auth   {plain(event.get('auth') or '-')}",
            f"└ ← {self._paint(str(status), colour)}  {plain(event.get('ms'))} ms",
        ]
        return "\n".join(lines)

    def _line(self, event: Mapping[str, Any]) -> str:
        level = str(event.get("level", "info"))
        clock = str(event.get("timestamp", ""))[11:19]
        part = _PARTS_SHOWN.get(str(event.get("part")), "[Server]")
        loud = "" if level in ("info", "debug") else f"{self._paint(level, _COLOURS.get(level, '0'))} "
        words = plain(event.get("event", "")).replace("_", " ")
        fields = "  ".join(f"{k}={plain(v)}" for k, v in event.items() if k not in _APART and v is not None)
        line = f"{clock} {part} {loud}{words}{'  ' if fields else ''}{fields}"
        exception = event.get("exception")
        if not exception:
            return line
        return "\n".join([line, *(f"    {plain(text)}" for text in str(exception).splitlines())])

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def plain(value: Any) -> str:
    """Write a value on one line, with nothing in it that a terminal would act on."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(value))
