"""Types as the OpenAPI document shows them: whole, so that no route has to agree with another about names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

_REF: Final = "#/$defs/"


def shape_of(kind: Any) -> dict[str, Any]:
    """Give the JSON schema of a type with everything it refers to written in place.

    Raises ValueError for a type that holds itself.
    """
    (schema,), parts = msgspec.json.schema_components((kind,), ref_template=_REF + "{name}")
    return cast("dict[str, Any]", _whole(schema, parts, ()))


def body_of(kind: Any) -> dict[str, Any]:
    """Give what an operation says of its body."""
    return {"application/json": shape_of(kind)}


def _whole(node: Any, parts: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_whole(item, parts, inside) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    members = cast("dict[str, Any]", node)
    ref = members.get("$ref")
    if not isinstance(ref, str):
        return {name: _whole(value, parts, inside) for name, value in members.items()}
    name = ref.removeprefix(_REF)
    if name in inside:
        msg = f"{name} holds itself"
        raise ValueError(msg)
    more = {k: v for k, v in members.items() if k != "$ref"}
    return {**cast("dict[str, Any]", _whole(parts[name], parts, (*inside, name))), **more}
