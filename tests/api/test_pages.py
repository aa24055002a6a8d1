"""The API reference: every route on its surface's page, readable without a script, a network or a key."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from reelgate.api.door import DoorRoute
from reelgate.api.pages import SURFACES, of_surface, surface_of, written
from tests.api.harness import Bench


class Reader(HTMLParser):
    """Notes what a page loads, leads to and shows."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.styled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.styled |= any(name == "style" or name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


async def read(bench: Bench, path: str) -> Reader:
    answer = await bench.ask("GET", path, key=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    reader = Reader()
    reader.feed(answer.body.decode())
    return reader


@pytest.mark.parametrize("path", ["/docs", *(f"/docs/{name}" for name in SURFACES)])
async def test_a_page_needs_no_script_and_nothing_from_elsewhere(bench: Bench, path: str):
    found = await read(bench, path)

    assert "script" not in found.tags
    assert "style" not in found.tags
    assert not found.styled
    assert all(re.fullmatch(r"/(docs(/[a-z.]+)?|openapi\.json)", link) for link in found.links), found.links
    for link in set(found.links):
        assert (await bench.ask("GET", link, key=None)).status == 200
    policy = (await bench.ask("GET", path, key=None)).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")


async def test_every_route_is_on_the_page_and_in_the_schema_of_its_surface(bench: Bench):
    routes = [r for r in bench.app.routes if isinstance(r, DoorRoute) and r.include_in_schema]
    schemas: dict[str, Any] = {}
    shown: dict[str, str] = {}
    for name in SURFACES:
        schemas[name] = (await bench.ask("GET", f"/docs/{name}.json", key=None)).json()
        shown[name] = "\n".join((await read(bench, f"/docs/{name}")).text)

    for route in routes:
        surface = surface_of(route.path_format)
        assert route.path_format in schemas[surface]["paths"]
        assert route.path_format in shown[surface]
    assert len(routes) > 80
    assert sum(len(schema["paths"]) for schema in schemas.values()) == len(
        {route.path_format for route in routes}
    )


async def test_every_type_a_surface_refers_to_is_in_its_schema(bench: Bench):
    for name in SURFACES:
        text = (await bench.ask("GET", f"/docs/{name}.json", key=None)).body.decode()
        wanted = set(re.findall(r"#/components/schemas/([^\"]+)", text))
        schema = (await bench.ask("GET", f"/docs/{name}.json", key=None)).json()
        assert wanted == set(schema["components"]["schemas"])
    assert "Task" in str((await bench.ask("GET", "/docs/native.json", key=None)).json()["components"])


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/v1/videos", "openai"),
        ("/v1/videos/{video_id}/events", "live"),
        ("/v1/video/create", "relays"),
        ("/api/upload", "relays"),
        ("/api/video/tasks", "native"),
        ("/api/events", "live"),
        ("/ws", "live"),
        ("/api/admin/channels", "admin"),
    ],
)
def test_an_address_belongs_to_the_surface_it_begins_like(path: str, surface: str):
    assert surface_of(path) == surface


@pytest.mark.parametrize("path", ["/docs/nothing", "/docs/nothing.json", "/docs/style.js"])
async def test_a_page_that_is_not_there_is_told_as_one(bench: Bench, path: str):
    assert (await bench.ask("GET", path, key=None)).status == 404


def test_what_is_written_into_a_page_stays_text():
    operation = {
        "summary": "<script>x</script>",
        "tags": ["<b>"],
        "parameters": [{"name": "<i>", "in": "path"}],
    }
    schema = {
        "openapi": "3.1.0",
        "info": {},
        "paths": {"/v1/<u>": {"get": operation}},
        "components": {"schemas": {}},
    }

    text = written(of_surface(schema, "openai"), "openai")

    assert "<script>" not in text
    assert not re.search(r"<[bui]>", text)
