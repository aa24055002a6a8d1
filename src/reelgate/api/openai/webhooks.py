"""Webhook endpoints: registering them, their secrets, and what was delivered to them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Deleted, Json, listed
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import Fields, as_text, items_of, structured
from reelgate.api.openai.schemas import object_schema
from reelgate.api.queries import missing, paging, path_id
from reelgate.auth.scopes import Scope
from reelgate.core.errors import Code, refuse
from reelgate.engine import webhooks
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection
from reelgate.store.tables import Audience
from reelgate.store.webhooks import Delivery, Endpoint

_NAME_MAX: Final = 200
_URL_MAX: Final = 2048
_AUDIENCES: Final = ("project", "user", "installation")


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An endpoint as it is shown; its secret only where it was just made. Times are Unix seconds."""

    id: str
    object: str
    name: str
    url: str
    event_types: tuple[str, ...]
    created_at: int
    updated_at: int
    signing_secret_hint: str
    audience: str
    enabled: bool
    disabled_reason: str | None
    signing_secret: str | None = None


def _shown(asked: Asked, endpoint: Endpoint, *, secret: str | None = None) -> Shown:
    return Shown(
        id=endpoint.id,
        object="webhook_endpoint",
        name=endpoint.name,
        url=endpoint.url,
        event_types=endpoint.event_types,
        created_at=endpoint.created_at // 1000,
        updated_at=endpoint.updated_at // 1000,
        signing_secret_hint="whsec_…"
        + (webhooks.hint(asked.ctx, endpoint) if secret is None else secret[-4:]),
        audience=endpoint.audience.value,
        enabled=endpoint.enabled,
        disabled_reason=endpoint.disabled_reason,
        signing_secret=secret,
    )


class ShownDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it is shown. Times are Unix seconds."""

    id: str
    object: str
    event_id: str
    video_id: str | None
    url: str | None
    """Where to, when it was an address of the video's own."""
    state: str
    attempts: int
    next_at: int | None
    last_status: int | None
    last_error: str | None
    created_at: int
    delivered_at: int | None


def _delivery(delivery: Delivery) -> ShownDelivery:
    return ShownDelivery(
        id=delivery.id,
        object="webhook_delivery",
        event_id=delivery.event_id,
        video_id=delivery.task_id,
        url=delivery.url,
        state=delivery.state.value,
        attempts=delivery.attempts,
        next_at=None if delivery.next_at is None else delivery.next_at // 1000,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created_at=delivery.created_at // 1000,
        delivered_at=None if delivery.delivered_at is None else delivery.delivered_at // 1000,
    )


def _bounded(fields: Fields, name: str, longest: int) -> str | None:
    text = fields.text(name)
    if text is not None and not 1 <= len(text.strip()) <= longest:
        raise refuse(Code.INVALID_REQUEST, f"`{name}` must have 1 to {longest} characters.", param=name)
    return text


def _types(fields: Fields) -> tuple[str, ...] | None:
    value = structured(fields.take("event_types"))
    if value is None:
        return None
    if not isinstance(value, list):
        raise refuse(Code.INVALID_REQUEST, "`event_types` must be a list.", param="event_types")
    return tuple(dict.fromkeys(as_text(item, "event_types") for item in items_of(value)))


def _audience(asked: Asked, fields: Fields) -> Audience:
    """Read of whose videos it hears; those of everybody are an administrator's to hear of."""
    text = fields.text("audience")
    if text not in (None, *_AUDIENCES):
        raise refuse(Code.INVALID_REQUEST, f"`audience` takes {', '.join(_AUDIENCES)}.", param="audience")
    audience = Audience.PROJECT if text is None else Audience(text)
    if audience is Audience.INSTALLATION and not asked.principal.may(Scope.ADMIN):
        raise refuse(
            Code.PERMISSION_OR_CHANNEL,
            "Only an administrator may hear of everybody's videos.",
            param="audience",
        )
    return audience


def _required(value: Any, name: str) -> Any:
    if value is None:
        raise refuse(Code.INVALID_REQUEST, f"`{name}` is missing.", param=name)
    return value


def _id(asked: Asked) -> str:
    return path_id(asked.request, "endpoint_id", "we", "webhook endpoint")


async def create(asked: Asked) -> Response:
    """Register an endpoint; its signing secret is shown this once."""
    async with asked.door.bodies.read(asked.request) as fields:
        name = _required(_bounded(fields, "name", _NAME_MAX), "name")
        url = _required(_bounded(fields, "url", _URL_MAX), "url")
        types = _required(_types(fields), "event_types")
        audience = _audience(asked, fields)
    made = await webhooks.create(
        asked.ctx, asked.who, name=name, url=url, event_types=types, audience=audience
    )
    return Json(_shown(asked, made.endpoint, secret=made.secret))


async def update(asked: Asked) -> Response:
    """Change an endpoint; what is not named stays."""
    endpoint_id = _id(asked)
    async with asked.door.bodies.read(asked.request) as fields:
        name = _bounded(fields, "name", _NAME_MAX)
        url = _bounded(fields, "url", _URL_MAX)
        types = _types(fields)
    changed = await webhooks.update(asked.ctx, asked.who, endpoint_id, name=name, url=url, event_types=types)
    return Json(_shown(asked, changed))


async def retrieve(asked: Asked) -> Response:
    """Give one endpoint."""
    return Json(_shown(asked, await webhooks.get(asked.ctx, asked.who, _id(asked))))


async def page(asked: Asked) -> Response:
    """List the asker's endpoints, newest first."""
    at, project_id = paging(asked.request), asked.project_id
    found = await asked.ctx.backend.read(lambda conn: webhook_rows.of_project(conn, project_id))
    ordered = found if at.ascending else found[::-1]
    ids = [endpoint.id for endpoint in ordered]
    start = 0
    if at.after is not None:
        start = ids.index(at.after) + 1 if at.after in ids else len(ids)
    part = ordered[start : start + at.limit]
    items: list[Any] = [_shown(asked, endpoint) for endpoint in part]
    return listed(items, ids[start : start + at.limit], has_more=len(ids) > start + at.limit)


async def delete(asked: Asked) -> Response:
    """Remove an endpoint."""
    endpoint_id = _id(asked)
    if not await webhooks.remove(asked.ctx, asked.who, endpoint_id):
        raise missing("webhook endpoint", endpoint_id)
    return Json(Deleted(id=endpoint_id, object="webhook_endpoint.deleted"))


async def rotate(asked: Asked) -> Response:
    """Give an endpoint a new secret; the old one may sign along for a day."""
    endpoint_id = _id(asked)
    async with asked.door.bodies.read(asked.request) as fields:
        keep_old = bool(fields.boolean("keep_old_secret_active_for_24_hours"))
    changed = await webhooks.rotate(asked.ctx, asked.who, endpoint_id, keep_old=keep_old)
    return Json(_shown(asked, changed.endpoint, secret=changed.secret))


async def test(asked: Asked) -> Response:
    """Send a sample event and tell how the receiver answered."""
    endpoint_id = _id(asked)
    async with asked.door.bodies.read(asked.request) as fields:
        event_type = fields.required_text("event_type")
    status = await webhooks.test(asked.ctx, asked.who, endpoint_id, event_type)
    return Json(
        {
            "object": "webhook_endpoint.test",
            "webhook_endpoint_id": endpoint_id,
            "event_type": event_type,
            "status_code": status,
            "success": True,
        }
    )


async def event_types(asked: Asked) -> Response:
    """List what endpoints can listen to."""
    del asked
    return Json({"object": "list", "data": [str(t) for t in webhooks.TYPES]})


async def deliveries(asked: Asked) -> Response:
    """List the newest deliveries of an endpoint."""
    endpoint = await webhooks.get(asked.ctx, asked.who, _id(asked))
    limit = paging(asked.request).limit
    found = await asked.ctx.backend.read(
        lambda conn: webhook_rows.deliveries_of(conn, endpoint.id, limit=limit + 1)
    )
    part = found[:limit]
    items: list[Any] = [_delivery(d) for d in part]
    return listed(items, [d.id for d in part], has_more=len(found) > limit)


async def replay(asked: Asked) -> Response:
    """Owe a delivery again, whatever became of it."""
    endpoint_id = _id(asked)
    delivery_id = path_id(asked.request, "delivery_id", "dlv", "delivery")
    ctx = asked.ctx
    await webhooks.replay(ctx, asked.who, endpoint_id, delivery_id)

    def look(conn: Connection) -> Delivery | None:
        return webhook_rows.get_delivery(conn, delivery_id)

    again = await ctx.backend.point(look)
    if again is None:
        raise missing("delivery", delivery_id)
    return Json(_delivery(again))


_ENDPOINT: Final = {
    "name": {"type": "string"},
    "url": {"type": "string", "format": "uri"},
    "event_types": {"type": "array", "items": {"type": "string"}},
}


def _json(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"application/json": object_schema(required, **properties)}


_ONE: Final = "/v1/webhook_endpoints/{endpoint_id}"

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/webhook_endpoints",
        handler=create,
        summary="Create a webhook endpoint",
        tag="webhooks",
        body=_json(
            ["name", "url", "event_types"],
            **_ENDPOINT,
            audience={"type": "string", "enum": list(_AUDIENCES)},
        ),
    ),
    Operation(
        method="GET",
        path="/v1/webhook_endpoints",
        handler=page,
        summary="List webhook endpoints",
        tag="webhooks",
        query=("limit", "after", "order"),
    ),
    Operation(
        method="GET",
        path=_ONE,
        handler=retrieve,
        summary="Retrieve a webhook endpoint",
        tag="webhooks",
    ),
    Operation(
        method="POST",
        path=_ONE,
        handler=update,
        summary="Update a webhook endpoint",
        tag="webhooks",
        body=_json([], **_ENDPOINT),
    ),
    Operation(
        method="DELETE",
        path=_ONE,
        handler=delete,
        summary="Delete a webhook endpoint",
        tag="webhooks",
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/rotate_secret",
        handler=rotate,
        summary="Rotate a webhook endpoint's secret",
        tag="webhooks",
        body=_json([], keep_old_secret_active_for_24_hours={"type": "boolean"}),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/test",
        handler=test,
        summary="Test a webhook endpoint",
        tag="webhooks",
        body=_json(["event_type"], event_type={"type": "string"}),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/deliveries",
        handler=deliveries,
        summary="List a webhook endpoint's deliveries",
        tag="webhooks",
        query=("limit",),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/deliveries/{{delivery_id}}/replay",
        handler=replay,
        summary="Replay a delivery",
        tag="webhooks",
    ),
    Operation(
        method="GET",
        path="/v1/webhook_event_types",
        handler=event_types,
        summary="List webhook event types",
        tag="webhooks",
    ),
)
