"""The API reference at `/docs`: one page a surface, written by the server without a script or a foreign address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from reelgate.api import errors
from reelgate.api.answers import Json
from reelgate.api.health import open_route

SURFACES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "openai": ("OpenAI Videos API", "What the OpenAI SDKs speak, and what belongs to it.", ()),
    "relays": (
        "Relays",
        "Formats of video relays: code written for one works after changing the base address and the key.",
        (
            *("/v1/video/", "/v2/videos/", "/sora/", "/relay/", "/api/upload", "/v1/files/upload"),
            "/v1/chat/completions",
        ),
    ),
    "native": (
        "Native",
        "Tasks, jobs, characters, people and the library under `/api`.",
        ("/api/",),
    ),
    "live": ("Live", "Events as they happen.", ("/ws", "/api/events")),
    "admin": ("Administration", "What belongs to the installation.", ("/api/admin/",)),
}
"""Title, what it is, and how its addresses begin; what fits no other surface is the first one's."""

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_GUARD: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_VERBS: Final = ("get", "post", "put", "patch", "delete")
_SCHEMA: Final = "/docs/{surface}.json"

STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
nav a { margin-right: 1rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; }
details { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; margin: .5rem 0; }
summary { cursor: pointer; padding: .5rem .75rem; }
summary:focus-visible { outline: 2px solid Highlight; }
.verb { display: inline-block; min-width: 4.5rem; font-weight: 700; text-transform: uppercase; }
.path { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.said { opacity: .75; margin-left: .5rem; }
.inside { padding: 0 .75rem .75rem; }
pre { overflow-x: auto; padding: .75rem; background: color-mix(in srgb, currentColor 8%, transparent); border-radius: .375rem; }
"""


def surface_of(path: str) -> str:
    """Tell which surface an address belongs to: the one whose beginning fits it longest."""
    if path.startswith("/v1/videos/") and path.endswith("/events"):
        return "live"
    fits = [
        (len(start), name)
        for name, (_, _, starts) in SURFACES.items()
        for start in starts
        if path.startswith(start)
    ]
    return max(fits)[1] if fits else "openai"


def of_surface(schema: Mapping[str, Any], surface: str) -> dict[str, Any]:
    """Give the part of a schema that describes one surface, with only the types it refers to."""
    title, about, _ = SURFACES[surface]
    paths = {path: item for path, item in schema["paths"].items() if surface_of(path) == surface}
    components = cast("dict[str, dict[str, Any]]", schema.get("components", {}))
    types = components.get("schemas", {})
    named: dict[str, Any] = {}
    waiting = list(_references(paths))
    while waiting:
        name = waiting.pop()
        if name not in named and name in types:
            named[name] = types[name]
            waiting += _references(types[name])
    return {
        "openapi": schema["openapi"],
        "info": {**schema["info"], "title": f"Reelgate: {title}", "description": about},
        "paths": paths,
        "components": {**components, "schemas": dict(sorted(named.items()))},
    }


def _references(value: Any) -> Iterable[str]:
    match value:
        case {"$ref": str(place)}:
            yield place.rpartition("/")[2]
        case dict():
            for part in cast("dict[str, Any]", value).values():
                yield from _references(part)
        case list():
            for part in cast("list[Any]", value):
                yield from _references(part)
        case _:
            return


def build(app: FastAPI) -> list[APIRoute]:
    """Give the routes of the reference, which anybody may read."""

    async def index(request: Request) -> Response:
        del request
        return _page("Reelgate API", _list())

    async def page(request: Request) -> Response:
        surface = str(request.path_params["surface"])
        if surface not in SURFACES:
            return errors.unknown_path(request.method, str(request.scope["path"]))
        return _page(SURFACES[surface][0], written(of_surface(app.openapi(), surface), surface))

    async def schema(request: Request) -> Response:
        surface = str(request.path_params["surface"])
        if surface not in SURFACES:
            return errors.unknown_path(request.method, str(request.scope["path"]))
        return Json(of_surface(app.openapi(), surface))

    async def style(request: Request) -> Response:
        del request
        return Response(STYLE, headers=_GUARD, media_type="text/css")

    return [
        open_route("/docs", index, "What can be called here?"),
        open_route("/docs/style.css", style, "How the reference looks"),
        open_route(_SCHEMA, schema, "One surface as OpenAPI"),
        open_route("/docs/{surface}", page, "One surface to read"),
    ]


def _page(title: str, body: str) -> Response:
    links = "".join(f'<a href="/docs/{name}">{escape(t)}</a>' for name, (t, _, _) in SURFACES.items())
    whole = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/docs/style.css"><nav>{links}</nav>'
        f"<main><h1>{escape(title)}</h1>{body}</main></html>"
    )
    return Response(whole, headers=_GUARD, media_type="text/html; charset=utf-8")


def _list() -> str:
    rows = "".join(
        f'<li><a href="/docs/{name}">{escape(title)}</a>: {escape(about)} '
        f'(<a href="/docs/{name}.json">OpenAPI</a>)</li>'
        for name, (title, about, _) in SURFACES.items()
    )
    return f'<ul>{rows}</ul><p>All of it at once: <a href="/openapi.json">openapi.json</a>.</p>'


def written(schema: Mapping[str, Any], surface: str) -> str:
    """Write one surface as HTML: every operation by what it is about, each to be opened."""
    tags: dict[str, list[str]] = {}
    for path, item in schema["paths"].items():
        for verb in _VERBS:
            if verb in item:
                for tag in item[verb].get("tags", ["other"]):
                    tags.setdefault(tag, []).append(_operation(verb, path, item[verb]))
    types = "".join(_named(name, one) for name, one in schema["components"]["schemas"].items())
    groups = "".join(f"<h2>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in tags.items())
    about = f'<p>{escape(SURFACES[surface][1])} <a href="/docs/{surface}.json">OpenAPI</a></p>'
    return about + groups + (f"<h2>Types</h2>{types}" if types else "")


def _operation(verb: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [_parameters(operation.get("parameters", []))]
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h4>Body: {escape(kind)}</h4>{_code(media.get('schema', {}))}")
    for status, answer in operation.get("responses", {}).items():
        for kind, media in answer.get("content", {}).items():
            shape = _code(media["schema"]) if media.get("schema") else ""
            parts.append(f"<h4>{escape(str(status))}: {escape(kind)}</h4>{shape}")
    return (
        f'<details><summary><span class="verb">{verb}</span> <span class="path">{escape(path)}</span>'
        f'<span class="said">{escape(operation.get("summary", ""))}</span></summary>'
        f'<div class="inside">{"".join(parts)}</div></details>'
    )


def _parameters(given: Iterable[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<li><code>{escape(p['name'])}</code> in the {escape(p['in'])}"
        f"{', needed' if p.get('required') else ''}</li>"
        for p in given
    )
    return f"<ul>{rows}</ul>" if rows else ""


def _named(name: str, schema: Mapping[str, Any]) -> str:
    return (
        f'<details id="{escape(name)}"><summary class="path">{escape(name)}</summary>'
        f'<div class="inside">{_code(schema)}</div></details>'
    )


def _code(schema: Any) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"
