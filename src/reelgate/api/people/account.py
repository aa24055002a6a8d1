"""Oneself: profile, sign-ins, projects, and everything kept about one, under `/api/account`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, Many, Nothing, done, moment, taken
from reelgate.api.people import keys, preferences
from reelgate.api.people.listing import PAGED, cut, named
from reelgate.api.people.shapes import Person, Place, SignIn, person, place, sign_in
from reelgate.auth import accounts, sessions
from reelgate.core.money import show
from reelgate.core.task import Task
from reelgate.store import activity as activity_rows
from reelgate.store import keys as key_rows
from reelgate.store import projects as project_rows
from reelgate.store import sessions as session_rows
from reelgate.store import tasks as task_rows
from reelgate.store import teams as team_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.store.activity import Deed
from reelgate.store.backend import Connection

TOGETHER: Final = 500
"""Videos, or deeds, read at once for an export."""
NO_PROJECT: Final = ""
"""Leaves the videos out of what somebody did: they are written down whole."""
Text = Annotated[str, Meta(max_length=300)]


class Profile(msgspec.Struct, frozen=True, rename="camel"):
    """How somebody wants to be called and written to."""

    name: Text | None = None
    email: Text | None = None
    """An empty one is removed."""


class Named(msgspec.Struct, frozen=True):
    """A name for a project."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]


class Shared(msgspec.Struct, frozen=True, rename="camel"):
    """Whom a project is open to."""

    team_id: str | None = None
    """A team one is in; null closes it again."""


class Ended(msgspec.Struct, frozen=True):
    """How many sign-ins were ended."""

    ended: int


async def profile(asked: Asked) -> Response:
    """Give one's own account."""
    return done(person(await accounts.account(asked.door.access, asked.principal.user_id)))


async def describe(asked: Asked) -> Response:
    """Change how one is called or written to; what is left out stays."""
    wish = await taken(asked, Profile)
    who = asked.principal.user_id
    return done(person(await accounts.describe(asked.door.access, who, name=wish.name, email=wish.email)))


async def sign_ins(asked: Asked) -> Response:
    """List one's own sign-ins that hold, newest first."""
    who = asked.principal
    found = await sessions.of_user(asked.door.access, who.user_id)
    return cut(asked, found, lambda one: one.id, lambda one: sign_in(one, who.session_id))


async def end(asked: Asked) -> Response:
    """End one of one's own sign-ins at once."""
    session_id = named(asked, "session_id", "sess", "sign-in")
    await sessions.end(asked.door.access, session_id, user_id=asked.principal.user_id)
    return done(Nothing())


async def end_others(asked: Asked) -> Response:
    """End every other sign-in of one's own; tokens of programs are worth nothing any more."""
    who = asked.principal
    return done(Ended(await sessions.end_all(asked.door.access, who.user_id, but=who.session_id)))


async def projects(asked: Asked) -> Response:
    """List the projects one gets into, newest first."""
    user_id = asked.principal.user_id
    found = await asked.ctx.backend.read(lambda conn: project_rows.of_user(conn, user_id))
    return cut(asked, found[::-1], lambda one: one.id, place)


async def new_project(asked: Asked) -> Response:
    """Make a project of one's own."""
    wish = await taken(asked, Named)
    made = await accounts.new_project(asked.door.access, asked.principal.user_id, wish.name)
    return done(Place(made.id, made.name, None, None), 201)


async def rename(asked: Asked) -> Response:
    """Call a project something else that one may write in."""
    wish = await taken(asked, Named)
    project_id = named(asked, "project_id", "proj", "project")
    reach = await accounts.rename_project(asked.door.access, asked.principal.user_id, project_id, wish.name)
    return done(place(reach))


async def share(asked: Asked) -> Response:
    """Open a project of one's own to a team one is in, or to oneself alone again."""
    wish = await taken(asked, Shared)
    project_id = named(asked, "project_id", "proj", "project")
    who = asked.principal.user_id
    return done(place(await accounts.share_own(asked.door.access, who, project_id, wish.team_id)))


async def export(asked: Asked) -> Response:
    """Give everything that is kept about oneself as one JSON document, without secrets and files."""
    headers = {
        "content-disposition": 'attachment; filename="reelgate-export.json"',
        "cache-control": "no-store",
    }
    return StreamingResponse(_document(asked), media_type="application/json", headers=headers)


async def _document(asked: Asked) -> AsyncGenerator[bytes, None]:
    head = msgspec.json.encode(await asked.ctx.backend.read(lambda conn: _about(conn, asked)))
    yield head[:-1] + b',"videos":['
    first = True
    async for task in _tasks(asked):
        yield (b"" if first else b",") + msgspec.json.encode(_video(task))
        first = False
    yield b'],"activity":['
    first = True
    async for deed in _deeds(asked):
        yield (b"" if first else b",") + msgspec.json.encode(_deed(deed))
        first = False
    yield b"]}"


def _about(conn: Connection, asked: Asked) -> dict[str, Any]:
    who, now = asked.principal, asked.ctx.clock.now_ms()
    mine = accounts.who(conn, who)
    return {
        "exportedAt": moment(now),
        "user": person(mine.user),
        "preferences": preferences.shown(mine.user.preferences),
        "providers": mine.providers,
        "projects": [place(one) for one in mine.projects],
        "teams": [
            {"teamId": m.team_id, "role": m.role.value} for m in team_rows.members(conn, user_id=who.user_id)
        ],
        "keys": [keys.shown(conn, key, now) for key in key_rows.of_user(conn, who.user_id)],
        "signIns": [
            sign_in(one, who.session_id) for one in session_rows.listed(conn, now=now, user_id=who.user_id)
        ],
        "webhooks": [
            {"id": one.id, "name": one.name, "url": one.url, "eventTypes": one.event_types}
            for project in mine.projects
            for one in webhook_rows.of_project(conn, project.id)
            if one.user_id == who.user_id
        ],
    }


async def _deeds(asked: Asked) -> AsyncGenerator[Deed, None]:
    user_id, after = asked.principal.user_id, None
    while some := await asked.ctx.backend.read(
        lambda conn, a=after: activity_rows.page(conn, user_id, NO_PROJECT, after=a, limit=TOGETHER)
    ):
        for deed in some:
            yield deed
        after = (some[-1].created_at, some[-1].id)


def _deed(deed: Deed) -> dict[str, Any]:
    return {
        "at": moment(deed.created_at),
        "action": deed.action,
        "subject": deed.subject,
        "address": deed.address,
        "agent": deed.agent,
    }


async def _tasks(asked: Asked) -> AsyncGenerator[Task, None]:
    user_id = asked.principal.user_id
    reached = await asked.ctx.backend.read(lambda conn: project_rows.of_user(conn, user_id))
    for project in reached:
        after: str | None = None
        more = True
        while more:
            page = await asked.ctx.backend.read(
                lambda conn, p=project.id, a=after: task_rows.page(
                    conn, p, limit=TOGETHER, after=a, ascending=True
                )
            )
            for task in page.items:
                if task.user_id == user_id:
                    yield task
            after = page.items[-1].id if page.items else None
            more = page.has_more


def _video(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "projectId": task.project_id,
        "model": task.model,
        "status": task.status.value,
        "prompt": task.request.prompt,
        "seconds": task.request.seconds,
        "quote": show(task.quote),
        "currency": task.currency,
        "createdAt": moment(task.created_at),
        "completedAt": moment(task.completed_at),
        "content": f"/v1/videos/{task.id}/content",
    }


def _operation(method: Any, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    whole = f"/api/account/{path}"
    return Operation(method=method, path=whole, handler=handler, summary=summary, tag="account", **more)


OPERATIONS: Final = (
    _operation("GET", "profile", profile, "One's own account", gives=Done[Person]),
    _operation(
        "PATCH", "profile", describe, "Change one's name or address", takes=Profile, gives=Done[Person]
    ),
    _operation("GET", "sessions", sign_ins, "List one's own sign-ins", query=PAGED, gives=Many[SignIn]),
    _operation("DELETE", "sessions", end_others, "End every other sign-in", gives=Done[Ended]),
    _operation("DELETE", "sessions/{session_id}", end, "End a sign-in", gives=Done[Nothing]),
    _operation(
        "GET", "projects", projects, "List the projects one gets into", query=PAGED, gives=Many[Place]
    ),
    _operation("POST", "projects", new_project, "Make a project", takes=Named, gives=Done[Place], status=201),
    _operation("PATCH", "projects/{project_id}", rename, "Rename a project", takes=Named, gives=Done[Place]),
    _operation(
        "PUT", "projects/{project_id}/team", share, "Share a project", takes=Shared, gives=Done[Place]
    ),
    _operation("GET", "export", export, "Everything kept about oneself", head=False),
)
