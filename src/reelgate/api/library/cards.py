"""How an item is shown: what its row, its task and its files say, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from reelgate.api.door import Asked
from reelgate.api.library import schemas
from reelgate.api.library.filters import operates
from reelgate.api.library.schemas import (
    LibraryAttempt,
    LibraryCost,
    LibraryDetail,
    LibraryError,
    LibraryFacets,
    LibraryInput,
    LibraryItem,
    LibraryMedia,
    LibraryRelation,
    LibrarySheet,
    LibraryTag,
    LibraryUsual,
    LibraryValue,
)
from reelgate.core.effective import aspect_ratio
from reelgate.core.errors import CODES, Charge, Failure
from reelgate.core.lifecycle import TERMINAL, Status
from reelgate.core.money import Micro, show
from reelgate.core.task import Asset, Attempt, Task, Variant, parse_size
from reelgate.engine.library.find import Facets, Whole
from reelgate.engine.library.trash import purge_at
from reelgate.engine.models import UsualTime
from reelgate.store.library_items import Shape
from reelgate.store.library_look import Booked, Seen
from reelgate.store.tasks import StatusRow

ROOT: Final = "/api/library/items"
_TILES: Final = (5, 4)
_TILE_SIDE: Final = 256
_BARE: Final = dict.fromkeys(LibraryItem.__struct_fields__)


def item(asked: Asked, seen: Seen, shape: Shape) -> LibraryItem:
    """Show an item as lists do."""
    return LibraryItem(**_fields(asked, seen, shape))


def _fields(asked: Asked, seen: Seen, shape: Shape) -> dict[str, Any]:
    row = seen.item
    return {
        **_BARE,
        **(_of_task(seen.task) if seen.task is not None else {}),
        "id": row.id,
        "kind": cast("schemas.Kind", shape.kind),
        "project_id": row.project_id,
        "name": row.name,
        "status": shape.status if seen.task is None else seen.task.status.value,
        "channel_id": shape.channel_id or None if operates(asked) else None,
        "favourite": shape.favourite,
        "rating": shape.rating,
        "folder_id": row.folder_id,
        "tags": [LibraryTag(id=tag_id, name=name) for tag_id, name in seen.tags],
        "media": _media(asked, seen),
        "seconds": row.length_ms / 1000 if row.length_ms else None,
        "created_at": row.created_at,
        "updated_at": max(row.updated_at, 0 if seen.task is None else seen.task.updated_at),
        "trashed_at": row.trashed_at,
        "purge_at": purge_at(asked.ctx, row.trashed_at),
    }


def _of_task(task: StatusRow) -> dict[str, Any]:
    size = parse_size(task.size)
    return {
        "prompt": task.prompt,
        "model": task.model,
        "served_by": task.served_model if task.served_model != task.model else None,
        "phase": task.phase,
        "progress": task.progress,
        "size": task.size,
        "aspect": None if size is None else aspect_ratio(size),
        "cost": _cost(task),
        "error": error(task.error, task.status),
        "verb": task.verb,
        "parent_id": task.parent_id,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
        "cancel_requested_at": task.cancel_requested_at,
        "overdue_at": task.overdue_at,
        "expires_at": task.expires_at,
    }


def _cost(task: StatusRow) -> LibraryCost:
    charged = task.quote if task.status is Status.COMPLETED else Micro(0)
    return LibraryCost(
        currency=task.currency,
        quoted=show(task.quote),
        held=None if task.status in TERMINAL else show(task.quote),
        charged=show(charged) if task.status in TERMINAL else None,
    )


def _booked(task: Task, booked: Booked) -> LibraryCost:
    """Say what the ledger says."""
    settled = task.status in TERMINAL and booked.held is None
    return LibraryCost(
        currency=task.currency,
        quoted=show(task.quote),
        held=None if booked.held is None else show(Micro(booked.held)),
        charged=show(Micro(booked.captured or 0)) if settled else None,
    )


def error(
    failure: Failure | None, status: Status | None = None, *, held: bool = False
) -> LibraryError | None:
    """Say why something failed in words that help; money that is held is said to be."""
    if failure is None or status in (Status.COMPLETED, Status.RUNNING, Status.ARCHIVING):
        return None
    entry = CODES[failure.code]
    return LibraryError(
        code=failure.code.value,
        message=failure.message,
        param=failure.param,
        side=entry.side.value,
        charge=(Charge.HELD if held else entry.charge).value,
        retryable=entry.retryable,
        next_step=entry.next_step,
    )


# Files.


def address(asked: Asked, path: str, project_id: str) -> str:
    """Write an address that works in a page; one in a page carries no header to say which project is meant."""
    if asked.principal.key_id:
        return path
    return f"{path}{'&' if '?' in path else '?'}as_project={project_id}"


def _media(asked: Asked, seen: Seen) -> LibraryMedia:
    if seen.upload is not None:
        return _of_file(asked, seen, seen.upload.media_type, seen.upload.bytes)
    if seen.character is not None:
        return _of_character(asked, seen)
    video = seen.asset(Variant.VIDEO)
    if video is None:
        return LibraryMedia()
    content = f"/v1/videos/{seen.item.id}/content"
    poster = _variant(asked, seen, content, Variant.THUMBNAIL)
    return LibraryMedia(
        video=address(asked, content, seen.item.project_id),
        poster=poster,
        thumbnail=poster,
        download=address(asked, f"{ROOT}/{seen.item.id}/download", seen.item.project_id),
        spritesheet=_sheet(_variant(asked, seen, content, Variant.SPRITESHEET), video),
        media_type=video.media_type,
        bytes=video.bytes,
        width=video.width,
        height=video.height,
        seconds=video.seconds,
    )


def _variant(asked: Asked, seen: Seen, content: str, variant: Variant) -> str | None:
    if seen.asset(variant) is None:
        return None
    return address(asked, f"{content}?variant={variant.value}", seen.item.project_id)


def _sheet(url: str | None, video: Asset) -> LibrarySheet | None:
    if url is None or not video.width or not video.height:
        return None
    share = min(1.0, _TILE_SIDE / max(video.width, video.height))
    columns, rows = _TILES
    return LibrarySheet(
        url=url,
        columns=columns,
        rows=rows,
        count=columns * rows,
        tile_width=max(1, round(video.width * share)),
        tile_height=max(1, round(video.height * share)),
        seconds=video.seconds or 0.0,
    )


def _of_file(asked: Asked, seen: Seen, media_type: str, length: int) -> LibraryMedia:
    url = address(asked, f"/v1/files/{seen.item.id}/content", seen.item.project_id)
    picture = media_type.startswith("image/")
    return LibraryMedia(
        video=None if picture else url,
        picture=url if picture else None,
        poster=url if picture else None,
        thumbnail=url if picture else None,
        download=url,
        media_type=media_type,
        bytes=length,
    )


def _of_character(asked: Asked, seen: Seen) -> LibraryMedia:
    portrait = address(asked, f"{ROOT}/{seen.item.id}/files/portrait", seen.item.project_id)
    clip = address(asked, f"{ROOT}/{seen.item.id}/files/clip", seen.item.project_id)
    assert seen.character is not None  # noqa: S101 - its caller saw one
    return LibraryMedia(
        video=clip,
        picture=portrait,
        poster=portrait,
        thumbnail=portrait,
        download=clip,
        media_type=seen.character.media_type,
        seconds=seen.character.seconds,
    )


# Everything.


def detail(asked: Asked, whole: Whole, usual: UsualTime | None) -> LibraryDetail:
    """Show everything about an item."""
    fields = _fields(asked, whole.seen, whole.shape)
    task = whole.task
    if task is not None and whole.booked is not None:
        fields["cost"] = _booked(task, whole.booked)
        fields["error"] = error(task.error, task.status, held=whole.booked.held is not None)
    current = next((one for one in whole.attempts if task and one.id == task.attempt_id), None)
    return LibraryDetail(
        **fields,
        notes=whole.seen.item.notes,
        surface=None if task is None else task.surface,
        key_id=None if task is None else task.key_id,
        request=None if task is None else _request(task),
        effective=_json(None if task is None else task.effective),
        adapted=_json(None if task is None else task.adapted) or [],
        inputs=[] if task is None else _inputs(asked, task),
        attempts=[
            _attempt(asked, one, polls=task.polls if task is not None and one is current else None)
            for one in whole.attempts
        ],
        upstream_id=None if current is None else current.upstream_id or current.ref,
        usual=None if usual is None else LibraryUsual(**msgspec.structs.asdict(usual)),
        parents=[
            LibraryRelation(id=edge.parent_id, kind=edge.parent_kind.value, verb=edge.verb.value)
            for edge in whole.parents
        ],
        children=list(whole.children),
        shares=whole.shares,
    )


def _json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def _request(task: Task) -> dict[str, Any]:
    asked_for: dict[str, Any] = msgspec.to_builtins(task.request)
    asked_for["size"] = str(task.request.size)
    asked_for.pop("inputs")
    return asked_for


def _inputs(asked: Asked, task: Task) -> list[LibraryInput]:
    return [
        LibraryInput(
            position=position,
            role=one.role.value,
            media_type=one.media_type,
            url=address(asked, f"{ROOT}/{task.id}/inputs/{position}", task.project_id),
            width=one.width,
            height=one.height,
            seconds=one.seconds,
            character_id=one.character_id,
            character_name=one.character_name,
        )
        for position, one in enumerate(task.request.inputs)
    ]


def _attempt(asked: Asked, one: Attempt, *, polls: int | None) -> LibraryAttempt:
    channel = asked.ctx.channels.get(one.channel_id)
    return LibraryAttempt(
        id=one.id,
        number=one.number,
        state=one.state.value,
        upstream_id=one.upstream_id or one.ref,
        provider=None if channel is None else channel.dialect,
        channel=channel.name if channel is not None and operates(asked) else None,
        upstream_model=one.upstream_model,
        error=error(one.error),
        created_at=one.created_at,
        submitted_at=one.submitted_at,
        ended_at=one.ended_at,
        polls=polls,
    )


def facets(asked: Asked, found: Facets) -> LibraryFacets:
    """Show what every filter would leave, the largest first."""
    by = found.by
    return LibraryFacets(
        total=found.total,
        kind=_values(by["kind"]),
        status=_values(by["status"]),
        model=_values(by["model"]),
        channel=_values(by["channel_id"]) if operates(asked) else [],
        aspect=_values(by["aspect"]),
        favourite=_values(by["favourite"]),
        rating=_values(by["rating"]),
        folder=_values(found.folders),
        tag=_values(found.tags),
    )


def _values(counts: Mapping[Any, int]) -> list[LibraryValue]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return [LibraryValue(value=value, count=count) for value, count in ordered if value != ""]
