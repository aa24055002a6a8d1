"""The shapes of items, kept in memory: what filters of few values are judged by, and counted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from reelgate.store import library_items as item_rows
from reelgate.store.backend import Connection
from reelgate.store.library_items import Shape

OVERLAP: Final = 256
"""How far back shapes are read again: on a shared database numbers become visible out of order."""

FACETS: Final = ("kind", "status", "model", "channel_id", "aspect", "favourite", "rating")
Value = str | bool | int


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which values are wanted of each; an empty one leaves that open."""

    kind: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()
    model: frozenset[str] = frozenset()
    channel_id: frozenset[str] = frozenset()
    aspect: frozenset[str] = frozenset()
    favourite: frozenset[bool] = frozenset()
    rating: frozenset[int] = frozenset()


class ShapeBook:
    """Knows every shape there is; they are never changed nor deleted."""

    def __init__(self) -> None:
        self._known: dict[int, Shape] = {}

    def read(self, conn: Connection) -> Mapping[int, Shape]:
        """Give every shape by its number, reading those that are new."""
        count = item_rows.count_shapes(conn)
        if count != len(self._known):
            newest = max(self._known, default=0)
            found = {**self._known, **item_rows.shapes_after(conn, newest - OVERLAP)}
            self._known = found if len(found) >= count else item_rows.shapes_after(conn, 0)
        return self._known


def fitting(shapes: Mapping[int, Shape], choice: Choice) -> tuple[int, ...] | None:
    """Give the numbers of the shapes that fit; None when nothing is asked for."""
    checks = _checks(choice)
    if not checks:
        return None
    return tuple(number for number, shape in shapes.items() if all(check(shape) for check in checks.values()))


def facets(
    shapes: Mapping[int, Shape], counts: Mapping[int, int], choice: Choice
) -> dict[str, dict[Value, int]]:
    """Count, for each thing that is chosen by, what every value would give under the other choices."""
    checks = _checks(choice)
    found: dict[str, dict[Value, int]] = {name: {} for name in FACETS}
    for number, count in counts.items():
        shape = shapes.get(number)
        if shape is None:
            continue
        failed = [name for name, check in checks.items() if not check(shape)]
        for name in FACETS if not failed else failed if len(failed) == 1 else ():
            value: Value = getattr(shape, name)
            found[name][value] = found[name].get(value, 0) + count
    return found


def total(shapes: Mapping[int, Shape], counts: Mapping[int, int], choice: Choice) -> int:
    """Count what fits."""
    numbers = fitting(shapes, choice)
    return sum(counts.values()) if numbers is None else sum(counts.get(number, 0) for number in numbers)


def _checks(choice: Choice) -> dict[str, Callable[[Shape], bool]]:
    def check(name: str, wanted: frozenset[Value]) -> Callable[[Shape], bool]:
        return lambda shape: getattr(shape, name) in wanted

    return {name: check(name, wanted) for name in FACETS if (wanted := getattr(choice, name))}
