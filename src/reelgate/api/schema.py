"""The schema of all surfaces: FastAPI's own, with the types of what routes take and give written into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from fastapi import FastAPI

from reelgate.api import cookies
from reelgate.api.door import DoorRoute, Operation

_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_WAYS: Final[dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key (`rg_…`), or the token that `/api/auth/login` gave.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.PLAIN,
        "description": f"The studio's sign-in; over TLS its name is `{cookies.HOST}`.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "Goes with the cookie wherever something is changed: `csrfToken` of `/api/auth/me`,"
        f" which is also in the cookie `{cookies.CSRF}`.",
    },
}


def install(app: FastAPI) -> None:
    """Let an application describe itself with the types its routes have."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _typed(plain(), _operations(app))
        return app.openapi_schema

    app.openapi = described


def _operations(app: FastAPI) -> list[tuple[str, Operation]]:
    """Give the operations of an application with their addresses as the schema writes them."""
    return [
        (route.path_format, route.operation)
        for route in app.routes
        if isinstance(route, DoorRoute) and route.include_in_schema and route.operation is not None
    ]


def _typed(schema: dict[str, Any], operations: Sequence[tuple[str, Operation]]) -> dict[str, Any]:
    # All at once, so that two types of one name are told apart.
    kinds = [kind for _, one in operations for kind in (one.takes, one.gives) if kind is not None]
    shown, parts = msgspec.json.schema_components(kinds, ref_template=_REF)
    by_kind = {id(kind): found for kind, found in zip(kinds, shown, strict=True)}
    for path, one in operations:
        spec = schema["paths"][path][one.method.lower()]
        if one.takes is not None:
            body = {_JSON: {"schema": by_kind[id(one.takes)]}}
            spec["requestBody"] = {"required": True, "content": body}
        if one.gives is not None:
            spec["responses"][str(one.status)]["content"] = {_JSON: {"schema": by_kind[id(one.gives)]}}
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update(parts)
    components["securitySchemes"] = _WAYS
    return schema
