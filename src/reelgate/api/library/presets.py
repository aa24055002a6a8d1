"""Presets: parameters kept under a name, one's own or shared in the project."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.library import bodies
from reelgate.api.library.schemas import LibraryGone, LibraryPreset, LibraryPresets, LibraryPresetWish
from reelgate.engine.library import presets
from reelgate.store import library_shares as preset_rows
from reelgate.store.library_shares import Preset


async def page(asked: Asked) -> Response:
    """List the presets the asker sees."""
    p = asked.principal
    found = await asked.ctx.backend.point(lambda conn: preset_rows.presets(conn, p.project_id, p.user_id))
    return Json(LibraryPresets(data=[_shown(asked, one) for one in found]))


def _shown(asked: Asked, one: Preset) -> LibraryPreset:
    fields = msgspec.structs.asdict(one)
    fields.pop("project_id")
    return LibraryPreset(**fields | {"mine": fields.pop("user_id") == asked.principal.user_id})


async def make(asked: Asked) -> Response:
    """Keep parameters under a name."""
    wish = await bodies.read(asked, LibraryPresetWish)
    return Json(
        _shown(asked, await presets.put(asked.ctx, asked.who, None, wish.name, wish.body, wish.shared))
    )


async def replace(asked: Asked) -> Response:
    """Change a preset of the asker's own."""
    wish = await bodies.read(asked, LibraryPresetWish)
    preset_id = asked.path("preset_id")
    kept = await presets.put(asked.ctx, asked.who, preset_id, wish.name, wish.body, wish.shared)
    return Json(_shown(asked, kept))


async def remove(asked: Asked) -> Response:
    """Forget a preset of the asker's own."""
    preset_id = asked.path("preset_id")
    await presets.remove(asked.ctx, asked.who, preset_id)
    return Json(LibraryGone(id=preset_id))


_PAGE: Final = Operation(
    method="GET",
    path="/api/library/presets",
    handler=page,
    summary="List presets",
    tag="library",
    gives=LibraryPresets,
)
_ONE: Final[dict[str, Any]] = {"path": "/api/library/presets/{preset_id}"}

OPERATIONS: Final = (
    _PAGE,
    msgspec.structs.replace(
        _PAGE,
        method="POST",
        handler=make,
        summary="Keep a preset",
        takes=LibraryPresetWish,
        gives=LibraryPreset,
    ),
    msgspec.structs.replace(
        _PAGE,
        method="PUT",
        handler=replace,
        summary="Change a preset",
        takes=LibraryPresetWish,
        gives=LibraryPreset,
        **_ONE,
    ),
    msgspec.structs.replace(
        _PAGE, method="DELETE", handler=remove, summary="Forget a preset", gives=LibraryGone, **_ONE
    ),
)
