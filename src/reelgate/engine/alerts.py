"""Alerts: what people should know although they asked for nothing, told by webhook and by mail.

An alert is written in the transaction of what it tells of, so that none is lost and none is told twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Channel
from reelgate.core.errors import Code, Failure
from reelgate.core.events import Alert
from reelgate.core.health import Health, State
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro, show
from reelgate.core.people import Notices
from reelgate.core.task import Task
from reelgate.engine.context import Context
from reelgate.engine.letters import About, Letter, letter
from reelgate.net.mail import NotSent, Sent, send_mail
from reelgate.store import ledger as ledger_rows
from reelgate.store import mails as mail_rows
from reelgate.store import settings as setting_rows
from reelgate.store import users as user_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection
from reelgate.store.channel_quotas import Left
from reelgate.store.ledger import Low
from reelgate.store.mails import Mail
from reelgate.store.tables import DeliveryState
from reelgate.store.webhooks import Endpoint
from reelgate.telemetry import log

MAIL_GAPS_S: Final = (60, 300, 900, 3_600, 10_800, 21_600, 43_200)
"""Pauses between eight tries: about a day in all."""
NOW_S: Final = 20.0
"""How long somebody waits for a mail that is handed in while they do."""
_AT_ONCE: Final = 16
_CLAIM_S: Final = 300.0
_QUOTA: Final = frozenset({Code.QUOTA_EXHAUSTED, Code.INSUFFICIENT_CREDIT, Code.BUDGET_EXCEEDED})
_TOLD: Final = "told.budget."


def tell(
    conn: Connection,
    ctx: Context,
    kind: Alert,
    data: dict[str, Any],
    *,
    subject: str = "",
    text: str = "",
    to: Iterable[str] = (),
    project_id: str = "",
    user_id: str = "",
) -> None:
    """Owe an alert to the endpoints that listen to it and to mail addresses; operators' endpoints hear of all."""
    now = ctx.clock.now_ms()
    event_id = ctx.ids.new("evt")
    body = {
        "id": event_id,
        "object": "event",
        "created_at": now // 1000,
        "type": kind.value,
        "data": data,
    }
    for endpoint in webhook_rows.listening(conn, project_id, user_id):
        if kind.value in endpoint.event_types:
            webhook_rows.enqueue_alert(
                conn,
                endpoint.id,
                event_id,
                body=msgspec.json.encode(body).decode(),
                now=now,
                delivery_id=ctx.ids.new("dlv"),
            )
    if ctx.post is not None:
        for address in dict.fromkeys(to):
            mail_rows.insert(conn, _mail(ctx, address, subject, text, now))


def _mail(ctx: Context, address: str, subject: str, text: str, now: int) -> Mail:
    return Mail(
        id=ctx.ids.new("mail"),
        address=address,
        subject=f"[Reelgate] {subject}",
        text=text + "\n",
        state=DeliveryState.PENDING,
        attempts=0,
        next_at=now,
        last_error=None,
        created_at=now,
        sent_at=None,
    )


def operators(ctx: Context) -> list[str]:
    """Give the addresses of those who run this installation."""
    return [one.strip() for one in ctx.rules.alert_emails.split(",") if one.strip()]


def write_to(
    conn: Connection,
    ctx: Context,
    user_id: str,
    wanted: Callable[[Notices], bool],
    about: About,
    **values: str,
) -> None:
    """Owe a user a mail in their language, where they left an address and want to be told of this."""
    user = None if ctx.post is None else user_rows.get(conn, user_id)
    if user is None or not user.email or user.disabled_at is not None or not wanted(user.preferences.notices):
        return
    said = letter(about, user.preferences.language, **values)
    mail_rows.insert(conn, _mail(ctx, user.email, said.subject, said.text, ctx.clock.now_ms()))


def channel_unwell(conn: Connection, ctx: Context, name: str, before: Health, then: Health) -> None:
    """Tell operators that a channel or one of its keys was refused, or that the upstream's quota is used up."""
    if before.state is then.state or then.state not in (State.PAUSED, State.OUT):
        return
    quota = then.code in _QUOTA
    code = None if then.code is None else then.code.value
    kind = Alert.QUOTA_LOW if quota else Alert.CHANNEL_DOWN
    what = "has no quota left at its upstream" if quota else "takes nothing at the moment"
    tell(
        conn,
        ctx,
        kind,
        {"channel": name, "state": then.state.value, "code": code},
        subject=f"Channel {name} {what}",
        text=f"The channel `{name}` is {then.state.value} ({code}). Its tasks wait or go to other channels,"
        " and it is tried again by itself. See it under Channels, or with `reelgate channels list`.",
        to=operators(ctx),
    )


def quota_low(conn: Connection, ctx: Context, channel: Channel, key: str | None, account: Left) -> None:
    """Tell operators that little is left of an account at its upstream, before it is used up."""
    left = f"{show(account.left or Micro(0))} {account.unit}"
    whose = f"The account behind the key `{key}` of" if key is not None else "The account of"
    tell(
        conn,
        ctx,
        Alert.QUOTA_LOW,
        {"channel": channel.name, "key": key, "left": show(account.left or Micro(0)), "unit": account.unit},
        subject=f"Channel {channel.name} has {left} left at its upstream",
        text=f"{whose} the channel `{channel.name}` has {left} left. Top it up before its tasks have to wait"
        " or go to other channels.",
        to=operators(ctx),
    )


def task_ended(conn: Connection, ctx: Context, task: Task, status: Status, error: Failure | None) -> None:
    """Tell people by mail how a task ended, where they asked for that; endpoints are told by its event."""
    if ctx.post is None:
        return
    code = "unknown" if error is None else error.code.value
    said = {"id": task.id, "model": task.served_model, "prompt": task.request.prompt}
    if status is Status.COMPLETED:
        write_to(conn, ctx, task.user_id, lambda told: told.mail_finished, About.FINISHED, **said)
    if status is Status.FAILED:
        write_to(conn, ctx, task.user_id, lambda told: told.mail_failed, About.FAILED, code=code, **said)
        _operators_hear(conn, ctx, task, code)


def _operators_hear(conn: Connection, ctx: Context, task: Task, code: str) -> None:
    for address in operators(ctx) if ctx.rules.alert_failed_tasks else ():
        text = f"The video {task.id} on the model `{task.served_model}` failed with `{code}`."
        mail_rows.insert(conn, _mail(ctx, address, f"A video failed: {code}", text, ctx.clock.now_ms()))


def endpoint_disabled(conn: Connection, ctx: Context, endpoint: Endpoint) -> None:
    """Tell the owner of a webhook endpoint that it was switched off."""
    reason = endpoint.disabled_reason or ""
    tell(
        conn,
        ctx,
        Alert.WEBHOOK_DISABLED,
        {"webhook_endpoint_id": endpoint.id, "reason": endpoint.disabled_reason},
        project_id=endpoint.project_id,
        user_id=endpoint.user_id,
    )
    write_to(
        conn,
        ctx,
        endpoint.user_id,
        lambda told: told.mail_webhooks,
        About.WEBHOOK,
        name=endpoint.name,
        reason=reason,
    )


async def watch_budgets(ctx: Context) -> int:
    """Tell the owners of balances that came under the share they set, once each time; gives how many."""
    percent = ctx.rules.budget_low_percent
    found = await ctx.backend.read(ledger_rows.limited_accounts)
    low = [one for one in found if percent and one.left * 100 < one.deposit * percent]
    fine = {one.account_id for one in found} - {one.account_id for one in low}
    told = await ctx.backend.read(setting_rows.all_settings)
    over = [key for key in told if key.startswith(_TOLD) and key.removeprefix(_TOLD) in fine]
    fresh = [one for one in low if _TOLD + one.account_id not in told]
    if not over and not fresh:
        return 0

    def work(conn: Connection) -> None:
        for key in over:
            setting_rows.remove(conn, key)
        for one in fresh:
            if setting_rows.claim(conn, _TOLD + one.account_id, True, ctx.clock.now_ms()):
                _budget_low(conn, ctx, one)

    await ctx.backend.write(work)
    return len(fresh)


def _budget_low(conn: Connection, ctx: Context, one: Low) -> None:
    said = {"left": f"{show(one.left)} {one.currency}", "project": one.project}
    plain = letter(About.BUDGET, None, **said)
    tell(
        conn,
        ctx,
        Alert.BUDGET_LOW,
        {"project_id": one.project_id, "left": str(one.left), "currency": one.currency},
        subject=plain.subject,
        text=plain.text,
        to=operators(ctx),
        project_id=one.project_id,
        user_id=one.user_id,
    )
    write_to(conn, ctx, one.user_id, lambda told: told.mail_budget, About.BUDGET, **said)


async def send_now(ctx: Context, address: str, said: Letter) -> str | None:
    """Hand in one mail at once and only once, and keep it nowhere; gives why it was not taken, None when it was."""
    if ctx.post is None:
        return "No mail server is configured here."
    subject, text = f"[Reelgate] {said.subject}", said.text + "\n"
    try:
        async with asyncio.timeout(NOW_S):
            result = await send_mail(ctx.post, address, subject, text, ctx.ids.new("mail"))
    except TimeoutError:
        return "The mail server took too long."
    return result.reason if isinstance(result, NotSent) else None


async def send_due(ctx: Context) -> int:
    """Hand in every mail that is due; gives how many were tried."""
    if ctx.post is None:
        return 0
    now = ctx.clock.now_ms()
    due = await ctx.backend.read(lambda conn: mail_rows.due(conn, now, _AT_ONCE))
    for mail in due:
        await _send(ctx, mail)
    return len(due)


async def _send(ctx: Context, mail: Mail) -> None:
    post = ctx.post
    now = ctx.clock.now_ms()
    until = now + int(_CLAIM_S * 1000)
    if post is None or not await ctx.backend.write(
        lambda conn: mail_rows.claim(conn, mail.id, now=now, until=until)
    ):
        return
    result = await send_mail(post, mail.address, mail.subject, mail.text, mail.id)
    now = ctx.clock.now_ms()
    match result:
        case Sent():
            await ctx.backend.write(lambda conn: mail_rows.sent(conn, mail.id, now))
        case NotSent(reason=reason, final=final):
            last = final or mail.attempts >= len(MAIL_GAPS_S)
            log.warning("mail_not_sent", mail=mail.id, reason=reason, last=last)
            if last:
                await ctx.backend.write(lambda conn: mail_rows.dead(conn, mail.id, reason))
                return
            again_at = now + MAIL_GAPS_S[mail.attempts] * 1000
            await ctx.backend.write(lambda conn: mail_rows.again(conn, mail.id, reason, again_at))
