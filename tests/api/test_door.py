from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from reelgate.api.door import Asked, Door
from reelgate.auth.permissions import PERMISSIONS, Open
from reelgate.auth.scopes import EVERYDAY, Scope
from reelgate.store import keys as key_rows
from reelgate.store.backend import Backend
from tests.api.harness import PEPPER, Bench

ROUTES = [(m, p, s) for (m, p), s in PERMISSIONS.items() if isinstance(s, Scope)]
IDS = {
    "video_id": "video",
    "character_id": "char",
    "file_id": "file",
    "endpoint_id": "we",
    "delivery_id": "dlv",
}


def address(template: str) -> str:
    def fill(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        return f"{IDS[name]}_{'0' * 26}" if name in IDS else "nobody"

    return re.sub(r"{([^}]+)}", fill, template)


async def test_routes_and_permission_rows_are_the_same_set(bench: Bench):
    routes = {
        (method, route.path)
        for route in bench.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
        if method != "HEAD"
    }

    assert routes == set(PERMISSIONS)


STREAMS = {"/api/events", "/api/admin/events"}
"""Answers that do not end by themselves."""


@pytest.mark.parametrize(("method", "template", "scope"), ROUTES)
async def test_a_route_opens_to_its_scope_and_to_nobody_else(
    bench: Bench, method: str, template: str, scope: Scope
):
    path = address(template)

    for token in (None, "rg_wrong", "x" * 5_000):
        refused = await bench.ask(method, path, key=token)
        assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")
    others = await bench.new_key(EVERYDAY - {scope})
    lacking = await bench.ask(method, path, key=others)
    assert (lacking.status, lacking.error["type"]) == (403, "permission_error")
    if path not in STREAMS:
        owner = await bench.new_key(frozenset({scope}))
        assert (await bench.ask(method, path, key=owner)).status not in (401, 403, 500)


async def test_a_key_may_hold_blanks_and_come_as_azure_clients_send_it(bench: Bench):
    await bench.new_key(token="My API Key")

    assert (await bench.ask("GET", "/v1/videos", key="My API Key")).status == 200
    azure = await bench.ask("GET", "/v1/videos", key=None, headers={"api-key": "My API Key"})
    assert azure.status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer\tx", "Bearer \xff\xfe"])
async def test_a_header_that_holds_no_key_is_refused(bench: Bench, header: str):
    answer = await bench.ask("GET", "/v1/videos", key=None, headers={"authorization": header})

    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")


async def test_a_revoked_key_is_refused_by_the_next_request(bench: Bench):
    token = await bench.new_key()
    assert (await bench.ask("GET", "/v1/videos", key=token)).status == 200
    keys = await bench.ctx.backend.read(key_rows.all_keys)

    await bench.ctx.backend.write(lambda conn: key_rows.revoke(conn, keys[-1].id, bench.clock.now_ms()))

    assert (await bench.ask("GET", "/v1/videos", key=token)).status == 401


@pytest.mark.parametrize("host", ["example.test/health", "x", "[::1", "a@b", "127.0.0.1/v1/../health#"])
async def test_no_host_header_opens_a_route(bench: Bench, host: str):
    headers = {
        "host": host,
        "x-forwarded-host": host,
        "x-original-url": "/health",
        "x-forwarded-prefix": "/health",
    }

    assert (await bench.ask("GET", "/v1/videos", key=None, headers=headers)).status == 401


async def test_the_key_is_checked_before_the_body_is_read(bench: Bench):
    stream = bench.open(
        "POST", "/v1/videos", body=[b"{", b""], key="wrong", headers={"content-type": "application/json"}
    )

    assert (await stream.next())["status"] == 401
    await stream.rest()


async def test_the_schema_shows_every_operation_once(bench: Bench):
    paths = bench.app.openapi()["paths"]
    shown = {(method.upper(), path) for path, item in paths.items() for method in item}

    expected = {
        (method, template.replace(":path", ""))
        for (method, template), scope in PERMISSIONS.items()
        if not isinstance(scope, Open) or template.startswith(("/api/auth/", "/api/library/shared/"))
    }
    assert shown == expected
    ids = [op["operationId"] for item in paths.values() for op in item.values()]
    assert len(ids) == len(set(ids))


async def test_streams_of_one_key_look_it_up_once_a_moment(bench: Bench):
    looks = Looks(bench.ctx.backend)
    door = Door(dataclasses.replace(bench.ctx, backend=looks), PEPPER)
    asked = await holder(door, bench.key)
    looks.count = 0

    found = await asyncio.gather(*(door.still(asked, Scope.VIDEOS_READ) for _ in range(100)))
    assert set(found) == {True}
    assert looks.count == 1

    await bench.ctx.backend.write(
        lambda conn: conn.exec_driver_sql("UPDATE api_keys SET revoked_at = 1") and None
    )
    await bench.clock.advance(2)
    assert not await door.still(asked, Scope.VIDEOS_READ)


async def holder(door: Door, key: str) -> Asked:
    """Give a request as the door let it in."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    scope = {"type": "http", "method": "GET", "scheme": "http", "headers": headers, "query_string": b""}
    request = Request(scope)
    return Asked(door, request, await door.admit(request, Scope.VIDEOS_READ))


class Looks:
    """A backend that counts reads."""

    def __init__(self, real: Backend) -> None:
        self._real = real
        self.count = 0

    async def point(self, work: Any) -> Any:
        self.count += 1
        return await self._real.point(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
