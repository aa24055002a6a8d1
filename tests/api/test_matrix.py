"""Everybody at every route, with what is theirs, what is somebody else's, and what is not there (003-22).

What each may do stands in `world`, independently of the permission table's code; the routes are the
table's own, so that a new one is tried without anybody thinking of it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from reelgate.auth.access import Policy
from reelgate.auth.permissions import PERMISSIONS, Known, Open, Whose, whose
from reelgate.auth.scopes import Scope
from reelgate.engine.context import Limits
from tests.api.harness import Bench, open_bench
from tests.api.world import Asker, World, ask, build

BODIES: Final[dict[str, Any]] = {
    "/v1/videos/{video_id}/remix": {"prompt": "at night"},
    "/api/library/items/{item_id}": {"favorite": True},
    "/api/library/folders/{folder_id}": {"name": "Teaser"},
    "/api/library/tags/{tag_id}": {"name": "better"},
    "/api/account/projects/{project_id}": {"name": "Film"},
    "/v1/webhook_endpoints/{endpoint_id}": {"name": "other"},
}
"""What a route needs to be sent before it looks for the thing that is named."""
LAST: Final = ("/api/account/sessions", "/api/auth/change-password")
"""What ends other sign-ins."""
WITHIN: Final = frozenset({"position", "which"})
"""Parts of a thing that another part names."""
WORDS: Final = frozenset({"query"})
"""What is looked for and names nothing: whoever finds nothing is given an empty list."""
BARE: Final = ("/api/library/items/{item_id}/inputs/{position}", "/api/library/items/{item_id}/files/{which}")
"""Files a video without pictures does not have."""
KINDS: Final = {
    "item_id": "video",
    "task_id": "video",
    "video_id": "video",
    "session_id": "sess",
    "endpoint_id": "we",
    "character_id": "char",
    "project_id": "proj",
    "folder_id": "fold",
}
ZEROS: Final = "0" * 26


class Route(NamedTuple):
    method: str
    template: str
    scope: Scope | Known


ROUTES: Final = [
    Route(method, path, scope) for (method, path), scope in PERMISSIONS.items() if not isinstance(scope, Open)
]


@pytest.fixture
async def bench(tmp_path: Path, empty: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, Limits(), Policy()) as opened:
        yield opened


def parts(template: str) -> list[str]:
    return re.findall(r"{([^}:]+)", template)


def filled(template: str, ids: dict[str, str]) -> str:
    return re.sub(r"{([^}:]+)[^}]*}", lambda found: ids[found[1]], template)


def absent(template: str, world: World) -> dict[str, str]:
    return {
        name: world.mine[name] if name in WITHIN else f"{KINDS.get(name, name.partition('_')[0])}_{ZEROS}"
        for name in parts(template)
    }


def lets(asker: Asker, route: Route) -> int | None:
    """Give how an asker is turned away from a route whatever it names; None when they are let in."""
    if asker.may is None:
        return 401
    if not asker.changes and route.method != "GET":
        return 403
    if isinstance(route.scope, Known) or route.scope in asker.may or Scope.ADMIN in asker.may:
        return None
    return 403


def in_order() -> Iterator[Route]:
    """Give the routes, those first that change nothing and those last that end sign-ins."""
    return iter(sorted(ROUTES, key=lambda r: (r.template in LAST, r.method == "DELETE", r.method != "GET")))


class Seen:
    """What was tried, and what was not as it should be."""

    def __init__(self) -> None:
        self.tried = 0
        self.wrong: list[str] = []

    def note(self, fine: bool, *told: object) -> None:
        self.tried += 1
        if not fine:
            self.wrong.append(" ".join(str(one) for one in told))


async def turned_away(world: World, asker: Asker, route: Route, status: int, seen: Seen) -> None:
    """Whoever is not let in learns nothing: mine, theirs and nobody's look the same."""
    named = parts(route.template)
    every = [absent(route.template, world)]
    if named:
        every += [{**every[0], **ids} for ids in (world.mine, world.foreign)]
    told: set[str] = set()
    for ids in every:
        got, text = await ask(world, asker, route.method, filled(route.template, ids), None)
        told.add(text)
        seen.note(got == status, asker.name, route.method, route.template, got, "not", status)
    seen.note(len(told) == 1, asker.name, route.method, route.template, "tells apart", told)


async def let_in(world: World, asker: Asker, route: Route, seen: Seen) -> None:
    body = BODIES.get(route.template) if route.method != "GET" else None
    gone = absent(route.template, world)
    named = [name for name in parts(route.template) if name not in WITHIN | WORDS]
    nowhere, why = await ask(world, asker, route.method, filled(route.template, gone), body)
    if named and named[0] not in ("name", "model"):
        seen.note(nowhere in (404, 400, 405), asker.name, route.method, route.template, nowhere, why)
    else:
        seen.note(
            nowhere not in (401, 403) and nowhere < 500,
            asker.name,
            route.method,
            route.template,
            nowhere,
            why,
        )
    holders = set(whose(route.template).values()) - {Whose.INSTALLATION}
    if not named or not holders or not all(name in {**world.foreign, **asker.own} for name in named):
        return
    foreign = {**gone, **{name: world.foreign[name] for name in parts(route.template)}}
    status, text = await ask(world, asker, route.method, filled(route.template, foreign), body)
    same = text
    for name in named:
        same = same.replace(foreign[name], gone[name])
    seen.note(
        (status, same) == (nowhere, why), asker.name, route.method, route.template, "foreign", status, text
    )
    own = {**gone, **world.mine, **asker.own}
    status, text = await ask(world, asker, route.method, filled(route.template, own), body)
    there = route.method == "GET" and route.template not in BARE
    fine = status < 500 and status not in (401, 403) and not (there and status == 404)
    seen.note(fine, asker.name, route.method, route.template, "own", status, text)


async def walk(world: World, askers: list[Asker]) -> Seen:
    seen = Seen()
    for route in in_order():
        for asker in askers:
            status = lets(asker, route)
            if status is None:
                await let_in(world, asker, route, seen)
            else:
                await turned_away(world, asker, route, status, seen)
    return seen


async def test_everybody_is_let_in_where_they_may_be_and_finds_only_what_is_theirs(bench: Bench):
    world = await build(bench)

    seen = await walk(world, world.askers)

    assert seen.wrong == []
    assert seen.tried > 4_000
