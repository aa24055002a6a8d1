"""Bring: a clip from elsewhere becomes an item like any other, played, searched and worked from."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from reelgate.core import recipe as recipes
from reelgate.core.errors import Code, refuse
from reelgate.core.events import EventType
from reelgate.core.library import IMPORTED, NAME_MAX, NOTES_MAX, TAGS_MAX
from reelgate.core.lifecycle import Status
from reelgate.core.money import ZERO
from reelgate.core.task import Character, Request, Size, Task, Variant, Verb
from reelgate.engine import likenesses
from reelgate.engine.archive import Kept, keep_clip, keep_rows
from reelgate.engine.characters import NAME_MAX as FIGURE_NAME_MAX
from reelgate.engine.context import Context, Who
from reelgate.engine.library.marks import Change, change
from reelgate.store import events as event_rows
from reelgate.store import library_items as item_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection

UNKNOWN: Final = "imported"
"""The model of a clip nobody says the model of."""
_WAY: Final = (
    (EventType.SUBMITTING, Status.SUBMITTING),
    (EventType.RUNNING, Status.RUNNING),
    (EventType.ARCHIVING, Status.ARCHIVING),
    (EventType.COMPLETED, Status.COMPLETED),
)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a clip that is brought in; what is left out is looked for inside it."""

    prompt: str | None = None
    name: str | None = None
    model: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    folder_id: str | None = None
    favourite: bool = False
    rating: int = 0
    created_at: int | None = None


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """The item a clip has become, or was already."""

    id: str
    known: bool
    """Whether the very same bytes were brought in before."""


async def bring(ctx: Context, who: Who, path: Path, said: Said) -> Brought:
    """Keep a clip with its pictures, and make it an item.

    Raises CallerError naming `file` when it is not a clip that can be used, or another field.
    """
    _check(ctx, said)
    found = await asyncio.to_thread(_inside, path)
    task = _task(ctx, who, said, found)
    kept = await keep_clip(ctx, task, path, param="file")
    earlier = await ctx.backend.point(lambda conn: _earlier(conn, who, kept))
    if earlier is not None:
        return Brought(id=earlier, known=True)
    video = next(one for one in kept.assets if one.variant is Variant.VIDEO)
    request = msgspec.structs.replace(
        task.request,
        seconds=max(1, round(video.seconds or 1)),
        size=Size(max(1, video.width or 1), max(1, video.height or 1)),
    )
    whole = msgspec.structs.replace(task, request=request)
    await ctx.backend.write(lambda conn: _write(conn, ctx, whole, kept))
    ctx.hub.wake()
    await change(
        ctx,
        who,
        task.id,
        Change(
            name=said.name,
            notes=said.notes,
            tags=said.tags,
            folder_id=said.folder_id,
            favourite=said.favourite,
            rating=said.rating,
        ),
    )
    return Brought(id=task.id, known=False)


def _check(ctx: Context, said: Said) -> None:
    longest = ctx.limits.prompt_max
    for param, value, most in (
        ("prompt", said.prompt, longest),
        ("name", said.name, NAME_MAX),
        ("notes", said.notes, NOTES_MAX),
        ("model", said.model, NAME_MAX),
    ):
        if value is not None and most and len(value) > most:
            raise refuse(Code.INVALID_REQUEST, f"`{param}` must have at most {most} characters.", param=param)
    if len(said.tags) > TAGS_MAX:
        raise refuse(Code.INVALID_REQUEST, f"An item has at most {TAGS_MAX} tags.", param="tags")


def _inside(path: Path) -> dict[str, object]:
    """Read the recipe a clip carries; a stranger's word, taken only for what it says about itself."""
    with path.open("rb") as opened:

        def piece(start: int, size: int) -> bytes:
            opened.seek(start)
            return opened.read(size)

        return recipes.read(path.stat().st_size, piece) or {}


def _task(ctx: Context, who: Who, said: Said, found: dict[str, object]) -> Task:
    now = ctx.clock.now_ms()
    prompt, model, seed, made_at = (found.get(name) for name in ("prompt", "model", "seed", "created_at"))
    created_at = said.created_at or (made_at if isinstance(made_at, int) and 0 < made_at < now else now)
    named = said.model or (model[:NAME_MAX] if isinstance(model, str) and model else UNKNOWN)
    told = prompt[: ctx.limits.prompt_max or None] if isinstance(prompt, str) else ""
    return Task(
        id=ctx.ids.new("video"),
        user_id=who.user_id,
        project_id=who.project_id,
        key_id=who.key_id,
        surface=IMPORTED,
        status=Status.COMPLETED,
        model=named,
        served_model=named,
        request=Request(
            verb=Verb.CREATE,
            model=named,
            prompt=said.prompt or told,
            seconds=1,
            size=Size(1, 1),
            seed=seed if isinstance(seed, int) and abs(seed) < 2**53 else None,
        ),
        quote=ZERO,
        currency="USD",
        priority=0,
        channel_id=None,
        attempt_id=None,
        attempts=0,
        progress=None,
        phase=None,
        word=None,
        error=None,
        lease_epoch=0,
        event_seq=1,
        created_at=min(created_at, now),
        updated_at=now,
        started_at=None,
        finished_at=now,
        completed_at=now,
        expires_at=None,
        deadline_at=None,
        overdue_at=None,
        unconfirmed_at=None,
        cancel_requested_at=None,
        deleted_at=None,
        disputed=False,
    )


def _earlier(conn: Connection, who: Who, kept: Kept) -> str | None:
    video = next(one for one in kept.assets if one.variant is Variant.VIDEO)
    return item_rows.clip_with(conn, who.project_id, video.sha256)


def _write(conn: Connection, ctx: Context, task: Task, kept: Kept) -> None:
    """Write the clip as a task that has gone its whole way, so that every reader of the log learns of it."""
    now = ctx.clock.now_ms()
    task_rows.insert(conn, task)
    event_rows.open_with(conn, task, EventType.QUEUED, {"status": Status.QUEUED.value}, ctx.ids.new("evt"))
    keep_rows(conn, kept)
    for kind, status in _WAY:
        event_rows.append(conn, task.id, kind, {"status": status.value}, now, ctx.ids.new("evt"))


async def figure(ctx: Context, who: Who, item_id: str, name: str, start_s: float, end_s: float) -> Character:
    """Keep a character from a stretch of an item's clip.

    Raises CallerError naming `item_id`, `name` or `timestamps`.
    """
    plain = name.strip()
    if not 1 <= len(plain) <= FIGURE_NAME_MAX:
        raise refuse(
            Code.INVALID_REQUEST, f"`name` must have 1 to {FIGURE_NAME_MAX} characters.", param="name"
        )
    span = likenesses.Span(start_s, end_s)
    return await likenesses.keep_from_task(
        ctx, who, item_id, span, likenesses.Wanted(name=plain), param="item_id"
    )
