"""From the flat names of a form to the tree they stand for: `a[b]`, `a[]`, `a[][b]`, `a[0]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

from reelgate.api.fields import FilePart, Value
from reelgate.core.errors import CallerError, Code, refuse

_DEPTH = 5
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


def segments(name: str) -> tuple[str, ...]:
    """Split a part name at its brackets; a name that is not of that form stays whole."""
    found = _NAME.fullmatch(name)
    if found is None:
        return (name,)
    inner = tuple(_SEGMENT.findall(found[2]))
    return (name,) if len(inner) >= _DEPTH else (found[1], *inner)


def fold(parts: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Build the tree that the parts of a form stand for, in their order.

    Raises CallerError naming the field when two parts contradict each other.
    """
    tree: dict[str, Any] = {}
    for name, value in parts:
        head, *rest = segments(name)
        _place(tree, head, rest, value, head)
    return {name: _listed(value) for name, value in tree.items()}


class _Items(list[Any]):
    """A list that grows by `[]`; apart from plain lists so that a value cannot be taken for one."""


def _place(node: dict[str, Any], key: str, rest: list[str], value: Value, param: str) -> None:
    if not rest:
        _set(node, key, value, param)
        return
    if rest[0] == "":
        items = node.setdefault(key, _Items())
        if not isinstance(items, _Items):
            raise _contradiction(param)
        _append(items, rest[1:], value, param)
        return
    child = _node(node.setdefault(key, {}))
    if child is None:
        raise _contradiction(param)
    _place(child, rest[0], rest[1:], value, param)


def _set(node: dict[str, Any], key: str, value: Value, param: str) -> None:
    if key not in node:
        node[key] = value
        return
    before = node[key]
    if isinstance(value, FilePart) and isinstance(before, FilePart):
        node[key] = _Items([before, value])
    elif isinstance(value, FilePart) and isinstance(before, _Items):
        before.append(value)
    else:
        raise _contradiction(param)


def _append(items: _Items, rest: list[str], value: Value, param: str) -> None:
    """Add to a list; with further keys the item is an object, and a repeated key starts the next one."""
    if not rest:
        items.append(value)
        return
    if rest[0] == "":
        raise _contradiction(param)
    current = _node(items[-1]) if items else None
    if current is None or _has(current, rest):
        current = {}
        items.append(current)
    _place(current, rest[0], rest[1:], value, param)


def _has(node: dict[str, Any], path: list[str]) -> bool:
    """Tell whether placing a value at `path` would repeat a key."""
    key, *rest = path
    if key not in node:
        return False
    if not rest:
        return True
    child = _node(node[key])
    return rest[0] != "" and (child is None or _has(child, rest))


def _node(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _listed(value: Any) -> Any:
    """Turn objects whose keys are all indexes into lists."""
    node = _node(value)
    if node is not None:
        members = {k: _listed(v) for k, v in node.items()}
        if members and all(k.isascii() and k.isdigit() and len(k) <= 4 for k in members):
            return [members[k] for k in sorted(members, key=int)]
        return members
    if isinstance(value, _Items):
        return [_listed(item) for item in value]
    return value


def _contradiction(param: str) -> CallerError:
    return refuse(Code.INVALID_REQUEST, f"`{param}` was given more than once or in two forms.", param=param)
