"""Whatever an administrator changes and the line that says so are one transaction: no crash parts them (003-22)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest

from reelgate.auth.access import Policy
from reelgate.core.audit import Head, Link, Outcome
from reelgate.core.dialect import Channel
from reelgate.engine.context import Limits
from reelgate.store import audit as audit_rows
from reelgate.store import channels as channel_rows
from reelgate.store.backend import Backend, Connection, StoreError
from tests.api.browser import SECRET, Browser, first_admin, somebody
from tests.api.harness import Bench, open_bench

T = TypeVar("T")


class Cut:
    """A database that is gone after one more transaction, once it is told to be."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        self.left: int | None = None
        self.kind: Literal["sqlite", "postgresql"] = inner.kind
        self.read, self.point = inner.read, inner.point
        self.changed_elsewhere, self.close = inner.changed_elsewhere, inner.close

    async def write(self, work: Callable[[Connection], T]) -> T:
        if self.left == 0:
            raise StoreError("the power is gone")
        result = await self._inner.write(work)
        if self.left is not None:
            self.left -= 1
        return result


@pytest.fixture
async def bench(tmp_path: Path, empty: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, Limits(), Policy()) as opened:
        yield opened


async def _chain(bench: Bench) -> list[Link]:
    return await bench.ctx.backend.read(lambda conn: audit_rows.after(conn, 0))


async def test_no_crash_leaves_a_change_without_its_line_in_the_log(bench: Bench) -> None:
    await first_admin(bench)
    root = Browser(bench)
    await root.sign_in("root")
    ada, ben, cy = [(await somebody(bench, name)).id for name in ("ada", "ben", "cyd")]
    for name in ("ben", "cyd"):
        await Browser(bench).sign_in(name)

    async def id_of(path: str, **body: Any) -> str:
        data = (await root.ask("POST", f"/api/admin/{path}", body)).json()["data"]
        return str(
            next(part["id"] for part in (data, *data.values()) if isinstance(part, dict) and "id" in part)
        )

    teams = [await id_of("teams", name=name) for name in ("Film", "Cut", "Sound")]
    invite = await id_of("invites")
    made = (await root.ask("POST", "/api/admin/keys", {"name": "k"})).json()["data"]["about"]["id"]
    (shared,) = (await root.ask("GET", f"/api/admin/teams/{teams[0]}")).json()["data"]["projects"]
    (sign_in,) = (await root.ask("GET", f"/api/admin/sessions?user_id={cy}")).json()["data"]

    two = bench.ctx.ids.new("chan")
    channel = Channel(id=two, name="two", dialect="scripted", base_url="", models={"demo": "scripted-1"})
    await bench.ctx.backend.write(lambda conn: channel_rows.insert(conn, channel, bench.clock.now_ms()))

    cut = Cut(bench.ctx.backend)
    bench.ctx.backend = cut
    door = bench.app.state.door
    door.access = replace(door.access, backend=cut)
    steps: list[tuple[str, str, Any]] = [
        ("POST", "users", {"username": "dee"}),
        ("POST", "users", {"username": "eve", "password": SECRET}),
        ("PATCH", f"users/{ada}", {"name": "Ada", "role": "viewer", "disabled": True}),
        ("POST", f"users/{ben}/reset", {}),
        ("POST", f"users/{ben}/logout", {}),
        ("POST", "invites", {"role": "viewer"}),
        ("DELETE", f"invites/{invite}", None),
        ("POST", "teams", {"name": "Light"}),
        ("PUT", f"teams/{teams[0]}/members/{ben}", {"role": "viewer"}),
        ("DELETE", f"teams/{teams[0]}/members/{ben}", None),
        ("DELETE", f"teams/{teams[0]}/projects/{shared['id']}", None),
        ("PUT", f"teams/{teams[1]}/projects/{shared['id']}", {}),
        ("DELETE", f"teams/{teams[2]}", None),
        ("POST", "keys", {"name": "another"}),
        ("DELETE", f"keys/{made}", None),
        ("POST", "settings", {"values": {"prompt_max": 900}}),
        ("PUT", "aliases/sora-3", {"model": "demo"}),
        ("DELETE", "aliases/sora-3", None),
        ("POST", f"channels/{two}/pause", {}),
        ("POST", f"channels/{two}/resume", {}),
        ("POST", f"channels/{two}/keys", {"name": "second", "secret": "s" * 20}),
        ("DELETE", f"sessions/{sign_in['id']}", None),
    ]
    for method, path, body in steps:
        before = await _chain(bench)
        cut.left = 1
        await root.ask(method, f"/api/admin/{path}", body)
        spent, cut.left = cut.left == 0, None
        after = await _chain(bench)
        new = [one.entry for one in after[len(before) :]]
        assert spent, (method, path)
        assert [(one.outcome, one.user_id) for one in new] == [(Outcome.DONE, "user_default")], (method, path)
        assert new[0].action.startswith(f"{method} /api/admin/{path.split('/')[0]}")
    assert isinstance(await bench.ctx.backend.read(audit_rows.walk), Head)


async def test_what_changed_nothing_is_written_down_as_refused_alone(bench: Bench) -> None:
    await first_admin(bench)
    root = Browser(bench)
    await root.sign_in("root")
    zeros = "0" * 26

    for method, path in (
        ("DELETE", f"keys/key_{zeros}"),
        ("DELETE", f"teams/team_{zeros}"),
        ("DELETE", f"invites/link_{zeros}"),
        ("DELETE", f"sessions/sess_{zeros}"),
        ("DELETE", "aliases/nobody"),
        ("PATCH", "users/user_default"),
    ):
        before = len(await _chain(bench))
        answer = await root.ask(
            method, f"/api/admin/{path}", {"role": "member"} if method == "PATCH" else None
        )
        assert answer.status in (400, 404), (path, answer.body)
        new = (await _chain(bench))[before:]
        assert [one.entry.outcome for one in new] == [Outcome.REFUSED], path
