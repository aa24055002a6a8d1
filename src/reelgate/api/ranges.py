"""The `Range` header: one range or the whole; never work in proportion to what a stranger wrote."""

from __future__ import annotations

from typing import NamedTuple

_LONGEST = 64
_DIGITS = 18


class Span(NamedTuple):
    """A stretch of bytes, end exclusive."""

    start: int
    end: int


class Whole(NamedTuple):
    """Answer with everything: no range was asked for, or one we are free to ignore."""


class Unsatisfiable(NamedTuple):
    """Nothing of the asked range exists."""


Wanted = Span | Whole | Unsatisfiable


def wanted(header: str | None, size: int) -> Wanted:
    """Read a `Range` header for a body of `size` bytes.

    Several ranges, other units and unreadable headers are ignored, as RFC 9110 allows:
    the whole body is the answer.
    """
    if header is None or len(header) > _LONGEST:
        return Whole()
    unit, equals, spec = header.partition("=")
    if not equals or unit.strip().lower() != "bytes" or "," in spec:
        return Whole()
    first, dash, last = (part.strip() for part in spec.partition("-"))
    if not dash or not _is_number(first, last):
        return Whole()
    return _suffix(int(last), size) if not first else _span(int(first), last, size)


def _is_number(first: str, last: str) -> bool:
    parts = [part for part in (first, last) if part]
    return bool(parts) and all(p.isascii() and p.isdigit() and len(p) <= _DIGITS for p in parts)


def _suffix(length: int, size: int) -> Wanted:
    if length == 0 or size == 0:
        return Unsatisfiable()
    return Span(max(0, size - length), size)


def _span(start: int, last: str, size: int) -> Wanted:
    if last and int(last) < start:
        return Whole()
    if start >= size:
        return Unsatisfiable()
    end = min(size, int(last) + 1) if last else size
    return Span(start, end)
