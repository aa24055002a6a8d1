"""`/api/character`: figures kept from one to three seconds of a clip, as source 000 has them."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api import files
from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, done, moment
from reelgate.api.fields import Fields
from reelgate.api.files import Stored, ending
from reelgate.api.likenesses import keep, span_of
from reelgate.api.links import origin
from reelgate.api.native import reading, shapes
from reelgate.api.native.showing import pagination
from reelgate.api.queries import missing, path_id
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Character
from reelgate.engine import likenesses
from reelgate.engine.library import marks
from reelgate.store import characters as character_rows

CONFIRM: Final = "all"
TOGETHER: Final = 200
_LABEL_MAX: Final = 80
_TEXT: Final = {"type": "string"}


async def create(asked: Asked) -> Response:
    """Keep a figure from a finished task or from the address of a clip; the same one again is the same character."""
    async with asked.door.bodies.read(asked.request) as fields:
        # Whoever names a model means no harm; relays are never sent one.
        fields.take("model")
        span = span_of(fields.required_text("timestamps"))
        wanted = likenesses.Wanted(platform=_label(fields))
        kept = await _kept(asked, fields, span, wanted)
    return done(shown(asked, kept))


def _label(fields: Fields) -> str | None:
    label = (fields.text("platform") or "").strip()
    if len(label) > _LABEL_MAX:
        raise refuse(
            Code.INVALID_REQUEST, f"`platform` must have at most {_LABEL_MAX} characters.", param="platform"
        )
    return label or None


async def _kept(asked: Asked, fields: Fields, span: likenesses.Span, wanted: likenesses.Wanted) -> Character:
    url, task = fields.text("url"), fields.text("from_task") or fields.text("fromTask")
    return await keep(asked, url, task, span, wanted)


def shown(asked: Asked, character: Character) -> shapes.Character:
    """Show a character with every field of row 000-36."""
    here = origin(asked.ctx, asked.request)
    span = None
    if character.start_s is not None and character.end_s is not None:
        span = f"{character.start_s:g},{character.end_s:g}"
    return shapes.Character(
        id=character.id,
        username=character.name,
        display_name=character.name,
        permalink=f"{here}/api/character/{character.id}",
        profile_picture_url=f"{here}/api/character/{character.id}/picture",
        source_video_url=character.source_url,
        platform=character.platform,
        timestamps=span,
        from_task=character.from_task,
        external_id=character.outside_id,
        created_at=moment(character.created_at),
        updated_at=moment(character.updated_at or character.created_at),
    )


async def _page(asked: Asked, words: str) -> Response:
    turn = reading.turn_of(asked.request)
    platform = asked.request.query_params.get("platform") or None
    project_id = asked.project_id
    found = await asked.ctx.backend.read(
        lambda conn: character_rows.search(
            conn, project_id, words=words, platform=platform, limit=turn.limit, offset=turn.offset
        )
    )
    items = [shown(asked, character) for character in found.items]
    return done(shapes.Characters(items, pagination(turn.page, turn.limit, found.total)))


async def page(asked: Asked) -> Response:
    """List characters, newest first."""
    return await _page(asked, "")


async def search(asked: Asked) -> Response:
    """List the characters with this in their name or id, whatever its case."""
    return await _page(asked, asked.path("query").strip()[:200])


async def stats(asked: Asked) -> Response:
    """Count characters by relay."""
    project_id = asked.project_id
    found = await asked.ctx.backend.read(lambda conn: character_rows.shares(conn, project_id))
    total, from_tasks = sum(s.count for s in found), sum(s.from_tasks for s in found)
    return done(
        shapes.CharacterStats(
            total=total,
            from_task=from_tasks,
            from_url=total - from_tasks,
            newest_at=moment(max((s.newest_at for s in found), default=None)),
            by_platform=[
                shapes.Relay(s.platform or None, s.count, s.from_tasks, s.count - s.from_tasks) for s in found
            ],
        )
    )


async def _found(asked: Asked) -> Character:
    character_id = path_id(asked.request, "character_id", "char", "character")
    project_id = asked.project_id
    found = await asked.ctx.backend.point(lambda conn: character_rows.get(conn, character_id, project_id))
    if found is None:
        raise missing("character", character_id)
    return found


async def retrieve(asked: Asked) -> Response:
    """Give one character."""
    return done(shown(asked, await _found(asked)))


async def picture(asked: Asked) -> Response:
    """Give a character's picture."""
    found = await _found(asked)
    size = await asked.ctx.blobs.size(found.portrait_sha256)
    if size is None:
        raise refuse(Code.ASSET_EXPIRED, "The picture of this character is gone.")
    kind = "image/png"
    stored = Stored(
        sha256=found.portrait_sha256,
        media_type=kind,
        bytes=size,
        filename=f"{found.id}.{ending(kind)}",
        attachment=False,
    )
    return await files.serve(asked.ctx.blobs, stored, asked.request.headers, method=asked.request.method)


async def delete(asked: Asked) -> Response:
    """Put one character into the trash of the library, from where it can be taken back for a while."""
    found = await _found(asked)
    gone = await marks.bulk(asked.ctx, asked.who, "trash", [found.id], None)
    return done(shapes.Cleared(len(gone.changed)))


async def clear(asked: Asked) -> Response:
    """Put all characters into the trash of the library; asks to be told that this is meant."""
    if asked.request.query_params.get("confirm") != CONFIRM:
        raise refuse(
            Code.INVALID_REQUEST,
            f"This puts every character into the trash. Say that you mean it: `?confirm={CONFIRM}`.",
            param="confirm",
        )
    project_id = asked.project_id
    ids = [
        c.id for c in await asked.ctx.backend.read(lambda conn: character_rows.of_project(conn, project_id))
    ]
    gone = 0
    for start in range(0, len(ids), TOGETHER):
        done_now = await marks.bulk(asked.ctx, asked.who, "trash", ids[start : start + TOGETHER], None)
        gone += len(done_now.changed)
    return done(shapes.Cleared(gone))


_PATH: Final = "/api/character"
_PAGING: Final = ("page", "limit", "platform")

OPERATIONS: Final = (
    Operation(
        method="POST",
        path=f"{_PATH}/create",
        handler=create,
        summary="Keep a character",
        tag="characters",
        body={
            "application/json": {
                "type": "object",
                "required": ["timestamps"],
                "properties": {
                    "platform": _TEXT,
                    "url": _TEXT,
                    "from_task": _TEXT,
                    "timestamps": {"type": "string", "description": "Start and end in seconds: `1,3`."},
                },
            }
        },
        gives=Done[shapes.Character],
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/list",
        handler=page,
        summary="List characters",
        tag="characters",
        query=_PAGING,
        gives=Done[shapes.Characters],
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/stats",
        handler=stats,
        summary="Count characters",
        tag="characters",
        gives=Done[shapes.CharacterStats],
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/search/{{query}}",
        handler=search,
        summary="Search characters",
        tag="characters",
        query=_PAGING,
        gives=Done[shapes.Characters],
    ),
    Operation(
        method="DELETE",
        path=f"{_PATH}/all",
        handler=clear,
        summary="Put all characters into the trash",
        tag="characters",
        query=("confirm",),
        gives=Done[shapes.Cleared],
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{character_id}}",
        handler=retrieve,
        summary="Get a character",
        tag="characters",
        gives=Done[shapes.Character],
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{character_id}}/picture",
        handler=picture,
        summary="Get a character's picture",
        tag="characters",
        answers="image/png",
    ),
    Operation(
        method="DELETE",
        path=f"{_PATH}/{{character_id}}",
        handler=delete,
        summary="Put a character into the trash",
        tag="characters",
        gives=Done[shapes.Cleared],
    ),
)
