"""Settings that are changed while the installation runs; the list carries all that a form of them needs."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import structured
from reelgate.core.errors import Code, refuse
from reelgate.engine import tuning
from reelgate.engine.tuning import Standing


def _shown(one: Standing) -> dict[str, Any]:
    t = one.tunable
    return {
        "key": t.key,
        "group": t.group.value,
        "kind": t.kind.value,
        "least": t.least,
        "most": t.most,
        "unlimited": t.unlimited,
        "choices": list(t.choices),
        "help": {"en": t.help[0], "zh": t.help[1]},
        "value": one.value,
        "default": one.default,
        "is_set": one.is_set,
    }


async def page(asked: Asked) -> Response:
    """List every setting with its type, bounds, help, default and value."""
    await tuning.reload(asked.door.ctx)
    return Json({"data": [_shown(one) for one in tuning.standing(asked.door.ctx)]})


async def change(asked: Asked) -> Response:
    """Set the settings that are named, all or none; null leaves one to its default again."""
    async with asked.door.bodies.read(asked.request) as fields:
        values = structured(fields.take("values"))
    if not isinstance(values, dict) or not values:
        raise refuse(
            Code.INVALID_REQUEST, '`values` must name settings: `{"prompt_max": 10000}`.', param="values"
        )
    await tuning.change(asked.ctx, asked.principal.user_id, cast("dict[str, Any]", values))
    await tuning.reload(asked.door.ctx)
    return await page(asked)


async def history(asked: Asked) -> Response:
    """List how a setting was changed, newest first."""
    found = await tuning.history(asked.ctx, asked.path("key"))
    return Json({"data": [msgspec.to_builtins(one) for one in found]})


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/settings",
        handler=page,
        summary="List settings that can be changed at run time",
        tag="admin",
    ),
    Operation(
        method="POST",
        path="/api/admin/settings",
        handler=change,
        summary="Change settings",
        tag="admin",
        body={
            "application/json": {
                "type": "object",
                "required": ["values"],
                "properties": {"values": {"type": "object"}},
            }
        },
    ),
    Operation(
        method="GET",
        path="/api/admin/settings/{key}/history",
        handler=history,
        summary="List how a setting was changed",
        tag="admin",
    ),
)
