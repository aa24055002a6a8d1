"""Deliver: send events to webhook endpoints, in order for each task, until taken or given up.

Signed as Standard Webhooks ask, so that the OpenAI SDK's `webhooks.unwrap` verifies them.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec
from standardwebhooks import Webhook

from reelgate.core.envelope import CannotOpen
from reelgate.engine import alerts
from reelgate.engine.context import Context
from reelgate.net.deliver import Delivered, NotDelivered, post_webhook
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection
from reelgate.store.webhooks import Delivery, Endpoint
from reelgate.telemetry import log, meter

GAPS_S = (5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 72_000, 100_800, 115_200)
"""Pauses between twelve tries: 98 hours in all."""
JITTER = 0.1
AT_ONCE = 32
CLAIM_S = 60.0


async def deliver_due(ctx: Context) -> int:
    """Send every delivery that is due, endpoints side by side; tells how many were tried."""
    now = ctx.clock.now_ms()
    due = await ctx.backend.read(lambda conn: webhook_rows.due(conn, now, AT_ONCE))
    if due:
        await asyncio.gather(*(_deliver(ctx, delivery) for delivery in due))
    return len(due)


async def _deliver(ctx: Context, delivery: Delivery) -> None:
    now = ctx.clock.now_ms()
    until = now + int(CLAIM_S * 1000)
    endpoint = await ctx.backend.point(lambda conn: webhook_rows.look(conn, delivery.endpoint_id))
    claimed = await ctx.backend.write(
        lambda conn: webhook_rows.claim(conn, delivery.id, now=now, until=until)
    )
    if endpoint is None or not claimed:
        return
    body = delivery.body.encode()
    try:
        headers = sign(ctx, endpoint, delivery.event_id, body, ctx.clock.now_ms())
    except CannotOpen as closed:
        # The claim ends by itself and the delivery is tried again: nobody's event is lost for a missing key.
        log.error("webhook_secret_sealed", endpoint=endpoint.id, reason=str(closed))
        return
    result = await post_webhook(ctx.client, delivery.url or endpoint.url, body, headers)
    now = ctx.clock.now_ms()
    match result:
        case Delivered(status=status):
            await ctx.backend.write(lambda conn: _taken(conn, delivery, endpoint, status, now))
            meter.deliveries.labels("delivered").inc()
        case NotDelivered():
            await _not_delivered(ctx, delivery, endpoint, result, now)


async def _not_delivered(
    ctx: Context, delivery: Delivery, endpoint: Endpoint, result: NotDelivered, now: int
) -> None:
    tried = delivery.attempts + 1
    last = result.gone or tried > len(GAPS_S)
    gap = 0.0 if last else GAPS_S[tried - 1] * ctx.random.uniform(1 - JITTER, 1 + JITTER)

    def work(conn: Connection) -> None:
        if last:
            webhook_rows.dead(conn, delivery.id, status=result.status, error=result.reason)
        else:
            again_at = now + int(gap * 1000)
            webhook_rows.again(
                conn, delivery.id, status=result.status, error=result.reason, again_at=again_at
            )
        # An address that one task named says nothing about the others.
        if delivery.url is None:
            _note_failing(conn, ctx, endpoint.id, gone=result.gone, now=now)

    await ctx.backend.write(work)
    meter.deliveries.labels("given_up" if last else "to_repeat").inc()
    log.info("webhook_not_delivered", delivery=delivery.id, tried=tried, last=last)


def _taken(conn: Connection, delivery: Delivery, endpoint: Endpoint, status: int, now: int) -> None:
    webhook_rows.delivered(conn, delivery.id, status=status, now=now)
    if delivery.url is None and endpoint.failing_since is not None:
        webhook_rows.recovered(conn, endpoint.id)


def _note_failing(conn: Connection, ctx: Context, endpoint_id: str, *, gone: bool, now: int) -> None:
    """Note since when an endpoint fails; one that says it is gone, or fails too long, is switched off."""
    endpoint = webhook_rows.look(conn, endpoint_id)
    if endpoint is None or not endpoint.enabled:
        return
    since = endpoint.failing_since or now
    patience = ctx.rules.webhook_disable_after_s
    late = bool(patience) and now - since >= patience * 1000
    reason = "The endpoint answered 410 Gone." if gone else f"Nothing was taken for {patience // 3600} hours."
    changed = msgspec.structs.replace(endpoint, failing_since=since, updated_at=now)
    if gone or late:
        changed = msgspec.structs.replace(changed, enabled=False, disabled_reason=reason)
        alerts.endpoint_disabled(conn, ctx, changed)
    if changed.enabled is False or endpoint.failing_since is None:
        webhook_rows.update_endpoint(conn, changed)


def sign(ctx: Context, endpoint: Endpoint, event_id: str, body: bytes, now_ms: int) -> dict[str, str]:
    """Give the Standard Webhooks headers; during a rotation both secrets sign.

    Raises CannotOpen when a secret cannot be read.
    """
    moment = datetime.fromtimestamp(now_ms // 1000, UTC)
    secrets = [ctx.vault.open(endpoint.secret, endpoint.place)]
    if endpoint.old_secret is not None and (endpoint.old_secret_until or 0) > now_ms:
        secrets.append(ctx.vault.open(endpoint.old_secret, endpoint.old_place))
    text = body.decode()
    return {
        "content-type": "application/json",
        "user-agent": "Reelgate-Webhooks/1",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(s).sign(event_id, moment, text) for s in secrets),
    }
