"""Webhook endpoints: who is told of what, and with which secret it is signed."""

from __future__ import annotations

import base64

import msgspec

from reelgate.core.envelope import NOTHING, CannotOpen
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.events import WEBHOOK_TYPES, Alert
from reelgate.engine.context import Context, Who
from reelgate.engine.deliver import sign
from reelgate.engine.tell import payload, task_endpoint_id
from reelgate.net.deliver import Delivered, post_webhook
from reelgate.net.dial import check_url
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection
from reelgate.store.tables import Audience
from reelgate.store.webhooks import Endpoint

ROTATION_MS = 24 * 3_600 * 1000
TYPES = (*sorted(set(WEBHOOK_TYPES.values())), *sorted(Alert))


class Made(msgspec.Struct, frozen=True):
    """An endpoint with the secret it was just given, which is shown this once."""

    endpoint: Endpoint
    secret: str

    def __repr__(self) -> str:
        return f"Made({self.endpoint!r})"


async def create(
    ctx: Context,
    who: Who,
    *,
    name: str,
    url: str,
    event_types: tuple[str, ...],
    audience: Audience = Audience.PROJECT,
) -> Made:
    """Register an endpoint with a fresh secret.

    Raises CallerError naming `url` or `event_types`.
    """
    await _check(ctx, url, event_types)
    now = ctx.clock.now_ms()
    endpoint = Endpoint(
        id=ctx.ids.new("we"),
        project_id=who.project_id,
        user_id=who.user_id,
        name=name,
        url=url,
        event_types=event_types,
        secret=NOTHING,
        old_secret=None,
        old_secret_until=None,
        enabled=True,
        disabled_reason=None,
        failing_since=None,
        created_at=now,
        updated_at=now,
        audience=audience,
    )
    secret = _secret(ctx)

    def work(conn: Connection) -> Endpoint:
        sealed = msgspec.structs.replace(endpoint, secret=ctx.vault.seal(conn, secret, endpoint.place))
        webhook_rows.insert(conn, sealed)
        return sealed

    return Made(await ctx.backend.write(work), secret)


async def prepare_for_tasks(ctx: Context, who: Who, url: str) -> None:
    """Judge an address a task names, and see to it that its project has a secret to sign for it.

    Raises CallerError naming `callback_url`.
    """
    failure = await check_url(ctx.guard, url)
    if failure is not None:
        raise CallerError(msgspec.structs.replace(failure, param="callback_url"))
    found = task_endpoint_id(who.project_id)
    if await ctx.backend.point(lambda conn: webhook_rows.look(conn, found)) is not None:
        return
    now, secret = ctx.clock.now_ms(), _secret(ctx)
    endpoint = Endpoint(
        id=found,
        project_id=who.project_id,
        user_id=who.user_id,
        name="Addresses of single tasks",
        url="",
        event_types=TYPES,
        secret=NOTHING,
        old_secret=None,
        old_secret_until=None,
        enabled=True,
        disabled_reason=None,
        failing_since=None,
        created_at=now,
        updated_at=now,
        audience=Audience.TASK,
    )

    def work(conn: Connection) -> None:
        sealed = ctx.vault.seal(conn, secret, endpoint.place)
        webhook_rows.insert_once(conn, msgspec.structs.replace(endpoint, secret=sealed))

    await ctx.backend.write(work)


async def update(
    ctx: Context,
    who: Who,
    endpoint_id: str,
    *,
    name: str | None = None,
    url: str | None = None,
    event_types: tuple[str, ...] | None = None,
) -> Endpoint:
    """Change an endpoint; a new address is judged like a first one, and it is enabled again.

    Raises CallerError naming `url` or `event_types`, or `not_found`.
    """
    endpoint = await get(ctx, who, endpoint_id)
    await _check(ctx, url if url is not None else endpoint.url, event_types or endpoint.event_types)
    changed = msgspec.structs.replace(
        endpoint,
        name=endpoint.name if name is None else name,
        url=endpoint.url if url is None else url,
        event_types=endpoint.event_types if event_types is None else event_types,
        enabled=True,
        disabled_reason=None,
        failing_since=None,
        updated_at=ctx.clock.now_ms(),
    )
    await ctx.backend.write(lambda conn: webhook_rows.update_endpoint(conn, changed))
    return changed


async def rotate(ctx: Context, who: Who, endpoint_id: str, *, keep_old: bool) -> Made:
    """Give an endpoint a new secret; with `keep_old` the old one signs along for 24 hours.

    Raises CallerError `not_found`.
    """
    endpoint = await get(ctx, who, endpoint_id)
    now = ctx.clock.now_ms()
    secret = _secret(ctx)
    old = ctx.vault.open(endpoint.secret, endpoint.place) if keep_old else None

    def work(conn: Connection) -> Endpoint:
        changed = msgspec.structs.replace(
            endpoint,
            secret=ctx.vault.seal(conn, secret, endpoint.place),
            old_secret=None if old is None else ctx.vault.seal(conn, old, endpoint.old_place),
            old_secret_until=None if old is None else now + ROTATION_MS,
            updated_at=now,
        )
        webhook_rows.update_endpoint(conn, changed)
        return changed

    return Made(await ctx.backend.write(work), secret)


def hint(ctx: Context, endpoint: Endpoint) -> str:
    """Give what may be shown of a secret to tell it from others; nothing of one that cannot be read."""
    try:
        return ctx.vault.open(endpoint.secret, endpoint.place)[-4:]
    except CannotOpen:
        return ""


async def remove(ctx: Context, who: Who, endpoint_id: str) -> bool:
    """Remove an endpoint; its pending deliveries end."""
    now = ctx.clock.now_ms()
    return await ctx.backend.write(lambda conn: webhook_rows.remove(conn, endpoint_id, who.project_id, now))


async def test(ctx: Context, who: Who, endpoint_id: str, event_type: str) -> int:
    """Send a sample event once and give the receiver's HTTP status.

    Raises CallerError when the type is unknown or nothing answered.
    """
    endpoint = await get(ctx, who, endpoint_id)
    if event_type not in TYPES:
        raise refuse(Code.INVALID_REQUEST, f"`event_type` is one of {', '.join(TYPES)}.", param="event_type")
    now = ctx.clock.now_ms()
    event_id = ctx.ids.new("evt")
    body = payload(event_id, event_type, "video_test", now).encode()
    result = await post_webhook(ctx.client, endpoint.url, body, sign(ctx, endpoint, event_id, body, now))
    if isinstance(result, Delivered):
        return result.status
    if result.status is not None:
        return result.status
    raise refuse(Code.INVALID_REQUEST, f"The endpoint could not be reached: {result.reason}", param="url")


async def get(ctx: Context, who: Who, endpoint_id: str) -> Endpoint:
    """Give an endpoint of the asker's project.

    Raises CallerError `not_found`.
    """
    found = await ctx.backend.point(lambda conn: webhook_rows.get(conn, endpoint_id, who.project_id))
    if found is None:
        raise refuse(Code.NOT_FOUND, f"There is no webhook endpoint `{endpoint_id}`.")
    return found


async def _check(ctx: Context, url: str, event_types: tuple[str, ...]) -> None:
    unknown = [t for t in event_types if t not in TYPES]
    if unknown or not event_types:
        raise refuse(Code.INVALID_REQUEST, f"`event_types` takes {', '.join(TYPES)}.", param="event_types")
    failure = await check_url(ctx.guard, url)
    if failure is not None:
        raise CallerError(msgspec.structs.replace(failure, param="url"))


def _secret(ctx: Context) -> str:
    return "whsec_" + base64.b64encode(ctx.ids.token().encode()[:32]).decode()


async def replay(ctx: Context, who: Who, endpoint_id: str, delivery_id: str) -> None:
    """Owe a delivery to an endpoint again, whatever became of it.

    Raises CallerError `not_found`.
    """
    endpoint = await get(ctx, who, endpoint_id)
    now = ctx.clock.now_ms()
    if not await ctx.backend.write(lambda conn: webhook_rows.replay(conn, delivery_id, endpoint.id, now)):
        raise refuse(Code.NOT_FOUND, f"There is no delivery `{delivery_id}`.")
