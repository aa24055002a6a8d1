"""Two tenants with one of everything each, and everybody who may come to the door."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from reelgate.auth import people, sessions, tokens
from reelgate.auth.keys import create_key
from reelgate.auth.scopes import EVERYDAY, Scope
from reelgate.core.people import Role
from reelgate.core.task import Character
from reelgate.store import blobs as blob_rows
from reelgate.store import characters as character_rows
from reelgate.store import keys as key_rows
from reelgate.store import projects as project_rows
from reelgate.store.backend import Connection
from tests.api.browser import ELSEWHERE, access_of, first_admin
from tests.api.harness import PEPPER, Bench, png

ALL = frozenset(Scope)
LOOKING = frozenset({Scope.VIDEOS_READ, Scope.FILES_READ, Scope.WEBHOOKS_READ})
CREATING = LOOKING | {Scope.VIDEOS_WRITE, Scope.FILES_WRITE, Scope.WEBHOOKS_WRITE}
"""What the roles may do, said once more and independently of the code."""

ENDPOINT = {"name": "studio", "url": "https://93.184.216.34/hook", "event_types": ["video.completed"]}


@dataclass
class Asker:
    """Somebody at the door: what they bring, and what may be open to them."""

    name: str
    headers: dict[str, str]
    may: frozenset[Scope] | None
    """None for somebody who is not let in at all."""
    changes: bool = True
    """Whether they may change anything; not so a request that was forged."""
    own: dict[str, str] = field(default_factory=dict[str, str])
    """Ids of their account, by the part of the address that names them."""


@dataclass
class World:
    """Everything, by the part of the address that names it."""

    bench: Bench
    project: str
    mine: dict[str, str]
    foreign: dict[str, str]
    askers: list[Asker]


async def build(bench: Bench) -> World:
    """Make two tenants, and askers of every sort in the project of the first, which is a team's."""
    await first_admin(bench)
    access = access_of(bench)
    eve = await people.create(access, login="eve", role=Role.MEMBER)
    team = await people.new_team(access, "Film")
    everything = await access.backend.read(project_rows.all_projects)
    project = next(p.id for p in everything if p.team_id == team.id)
    strange = next(p.id for p in everything if p.user_id == eve.id)
    root = "user_default"
    await people.put_member(access, team.id, root)
    mine = await _one_of_each(bench, await key_of(bench, root, project), root, project)
    foreign = await _one_of_each(bench, await key_of(bench, eve.id, strange), eve.id, strange)
    foreign |= {"project_id": strange, "session_id": await _session(bench, eve.id)}
    foreign["key_id"] = await _spare_key(bench, eve.id, strange)
    world = World(bench, project, mine, foreign, [])
    for make in (_signed_in, _with_keys, _turned_away):
        world.askers += await make(world, team.id)
    return world


async def key_of(
    bench: Bench, user_id: str, project_id: str, scopes: frozenset[Scope] = EVERYDAY, **more: Any
) -> str:
    ctx = bench.ctx
    made = await create_key(
        ctx.backend, ctx.ids, ctx.clock, PEPPER, name="k", scopes=scopes, user_id=user_id,
        project_id=project_id, **more,
    )  # fmt: skip
    return made.token


async def _spare_key(bench: Bench, user_id: str, project_id: str) -> str:
    await key_of(bench, user_id, project_id)
    found = await bench.ctx.backend.read(lambda conn: key_rows.of_user(conn, user_id))
    return found[-1].id


async def _session(bench: Bench, user_id: str) -> str:
    return (await sessions.start(access_of(bench), user_id, ELSEWHERE)).session.id


async def _one_of_each(bench: Bench, key: str, user_id: str, project_id: str) -> dict[str, str]:
    video = (await bench.post("/v1/videos", {"prompt": "a red kite", "size": "64x64"}, key=key)).json()["id"]
    await bench.complete(video)
    part = ("file", "kite.png", "image/png", png())
    file = (await bench.form("/v1/files", [("purpose", "vision"), part], key=key)).json()["id"]
    hook = (await bench.post("/v1/webhook_endpoints", ENDPOINT, key=key)).json()["id"]
    folder = (await bench.post("/api/library/folders", {"name": "Trailer"}, key=key)).json()["id"]
    tag = (await bench.post("/api/library/tags", {"name": "good"}, key=key)).json()["id"]
    return {
        "video_id": video,
        "task_id": video,
        "item_id": video,
        "file_id": file,
        "endpoint_id": hook,
        "folder_id": folder,
        "tag_id": tag,
        "character_id": await _character(bench, user_id, project_id),
        "which": "video",
        "position": "0",
        "model": "demo",
        "name": "sora-2",
        "channel_id": "chan_one",
        "user_id": user_id,
    }


async def _character(bench: Bench, user_id: str, project_id: str) -> str:
    ctx = bench.ctx
    blob = await ctx.blobs.put_bytes(png(), "image/png")
    made = Character(
        id=ctx.ids.new("char"),
        user_id=user_id,
        project_id=project_id,
        name="Ada",
        sha256=blob.sha256,
        portrait_sha256=blob.sha256,
        media_type="image/png",
        seconds=None,
        created_at=ctx.clock.now_ms(),
    )

    def work(conn: Connection) -> None:
        blob_rows.put(conn, blob)
        character_rows.insert(conn, made)

    await ctx.backend.write(work)
    return made.id


async def _member(world: World, team_id: str, name: str, role: Role, within: Role = Role.MEMBER) -> str:
    access = access_of(world.bench)
    user = await people.create(access, login=name, role=role)
    await people.put_member(access, team_id, user.id, within)
    return user.id


async def _own(world: World, user_id: str) -> dict[str, str]:
    """Make things of an account that may be ended and closed."""
    made = await _project(world, user_id)
    return {
        "project_id": made,
        "session_id": await _session(world.bench, user_id),
        "key_id": await _spare_key(world.bench, user_id, world.project),
    }


async def _project(world: World, user_id: str) -> str:
    reached = await world.bench.ctx.backend.read(lambda conn: project_rows.of_user(conn, user_id))
    return next(one.id for one in reached if one.team_id is None)


async def _browser(world: World, user_id: str) -> dict[str, str]:
    started = await sessions.start(access_of(world.bench), user_id, ELSEWHERE)
    return {
        "cookie": f"reelgate_session={started.cookie}",
        "x-csrf-token": started.csrf,
        "x-reelgate-project": world.project,
    }


async def _signed_in(world: World, team_id: str) -> list[Asker]:
    account = frozenset({Scope.ACCOUNT})
    sorts: list[tuple[str, Role, Role, frozenset[Scope]]] = [
        ("admin", Role.ADMIN, Role.MEMBER, ALL),
        ("operator", Role.OPERATOR, Role.MEMBER, CREATING | account | {Scope.OPERATE}),
        ("member", Role.MEMBER, Role.MEMBER, CREATING | account),
        ("viewer", Role.VIEWER, Role.MEMBER, LOOKING | account),
        ("member-who-looks", Role.MEMBER, Role.VIEWER, LOOKING | account),
        ("admin-who-looks", Role.ADMIN, Role.VIEWER, LOOKING | account | {Scope.OPERATE}),
    ]
    found: list[Asker] = []
    for name, role, within, may in sorts:
        user_id = await _member(world, team_id, name, role, within)
        headers = await _browser(world, user_id)
        found.append(Asker(f"browser:{name}", headers, may, own=await _own(world, user_id)))
        if name in ("admin", "member"):
            other = await _member(world, team_id, f"{name}-by-token", role)
            given = await tokens.sign_in(world.bench.app.state.door.signing, other, ELSEWHERE)
            signed = {**bearer(given.access), "x-reelgate-project": world.project}
            found.append(Asker(f"token:{name}", signed, may, own=await _own(world, other)))
        if name == "admin":
            forged = {k: v for k, v in headers.items() if k != "x-csrf-token"}
            found.append(Asker("forged:admin", forged, may, changes=False))
    return found


async def _with_keys(world: World, team_id: str) -> list[Asker]:
    bench, project = world.bench, world.project
    admin = await _member(world, team_id, "admin-of-keys", Role.ADMIN)
    member = await _member(world, team_id, "member-of-keys", Role.MEMBER)
    found = [
        Asker("key:everyday", bearer(await key_of(bench, member, project)), CREATING),
        Asker("key:admin", bearer(await key_of(bench, admin, project, frozenset({Scope.ADMIN}))), ALL),
        Asker(
            "key:admin-of-a-member",
            bearer(await key_of(bench, member, project, frozenset({Scope.ADMIN}))),
            frozenset(),
        ),
    ]
    for scope in sorted(ALL - {Scope.ADMIN}):
        one = frozenset({scope})
        own = await _own(world, admin)
        found.append(
            Asker(f"key:{scope.value}", bearer(await key_of(bench, admin, project, one)), one, own=own)
        )
    return found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def _turned_away(world: World, team_id: str) -> list[Asker]:
    bench, project = world.bench, world.project
    access, now = access_of(bench), bench.clock.now_ms()
    gone = await _member(world, team_id, "disabled", Role.ADMIN)
    left = await _member(world, team_id, "left", Role.MEMBER)
    closed = await key_of(bench, left, project)
    keys = await bench.ctx.backend.read(lambda conn: key_rows.of_user(conn, left))
    await bench.ctx.backend.write(lambda conn: key_rows.revoke(conn, keys[-1].id, now))
    found = [
        Asker("nobody", {}, None),
        Asker("wrong-key", bearer("rg_wrong"), None),
        Asker("no-signature", bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyX2RlZmF1bHQifQ."), None),
        Asker("wrong-cookie", {"cookie": "reelgate_session=0000", "x-csrf-token": "0"}, None),
        Asker("closed-key", bearer(closed), None),
        Asker("expired-key", bearer(await key_of(bench, left, project, expires_at=now)), None),
        Asker("key-of-the-disabled", bearer(await key_of(bench, gone, project)), None),
        Asker("browser-of-the-disabled", await _browser(world, gone), None),
        Asker("key-of-one-who-left", bearer(await key_of(bench, left, project)), None),
    ]
    await people.disable(access, gone)
    await people.remove_member(access, team_id, left)
    return found


async def ask(world: World, asker: Asker, method: str, path: str, body: Any) -> tuple[int, str]:
    """Send a request; gives the status and the body, of a stream only that it began."""
    whole = {"content-type": "application/json", **asker.headers}
    sent = b"" if body is None else json.dumps(body).encode()
    stream = world.bench.open(method, path, body=sent, headers=whole, key=None)
    start = await stream.next()
    headers = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
    if headers.get("content-type", "").startswith("text/event-stream"):
        await stream.leave()
        return start["status"], ""
    text = (await stream.rest()).decode("latin-1")
    await stream.task
    return start["status"], text
