"""What people are told though nobody asked: low budgets, used-up quota, dead endpoints, failed tasks (001-41)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from reelgate.core.dialect import Observation, Phase, Refused
from reelgate.core.errors import Code, Failure
from reelgate.core.events import Alert
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.people import Language, Notices, Preferences
from reelgate.engine import alerts, deliver, webhooks
from reelgate.net.client import Client
from reelgate.net.mail import NotSent, Post, Sent, send_mail
from reelgate.store import ledger as ledger_rows
from reelgate.store import mails as mail_rows
from reelgate.store import users as user_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection
from reelgate.store.tables import DEFAULT_ACCOUNT, Audience, DeliveryState
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted
from tests.engine.conftest import WHO, Bench, open_bench
from tests.net.inbox import Inbox, receiving, text_of
from tests.net.loopback import answering, http, open_guard, serve

OWNER = "owner@reel.example"
OPERATOR = "ops@reel.example"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock, inbox: Inbox) -> AsyncIterator[Bench]:
    """Give an engine that may call this machine and has somewhere to hand mails in."""
    guard = open_guard()
    async with open_bench(tmp_path, upstream, clock, client=Client(guard), guard=guard) as opened:
        opened.ctx.post = inbox.post()
        opened.ctx.rules = msgspec.structs.replace(opened.ctx.rules, alert_emails=OPERATOR)
        await opened.ctx.backend.write(
            lambda conn: user_rows.change(conn, WHO.user_id, clock.now_ms(), email=OWNER)
        )
        yield opened


async def limited(bench: Bench, deposit: int) -> None:
    def work(conn: Connection) -> None:
        now = bench.clock.now_ms()
        ledger_rows.set_credit_limit(conn, DEFAULT_ACCOUNT, Micro(0))
        ledger_rows.deposit(
            conn, DEFAULT_ACCOUNT, Micro(deposit), "USD", now=now, entry_id=bench.ctx.ids.new("led")
        )

    await bench.ctx.backend.write(work)


async def listening(bench: Bench, url: str, *kinds: str, audience: Audience = Audience.PROJECT) -> str:
    made = await webhooks.create(bench.ctx, WHO, name="pager", url=url, event_types=kinds, audience=audience)
    return made.endpoint.id


async def told(bench: Bench, endpoint_id: str) -> list[dict[str, Any]]:
    rows = await bench.ctx.backend.read(lambda conn: webhook_rows.deliveries_of(conn, endpoint_id))
    return [json.loads(row.body) for row in rows]


async def test_a_low_balance_is_told_once_until_it_was_filled_again(bench: Bench, inbox: Inbox) -> None:
    await limited(bench, 4_000_000)
    endpoint_id = await listening(bench, "http://127.0.0.1:9/", Alert.BUDGET_LOW)
    assert await alerts.watch_budgets(bench.ctx) == 0

    for _ in range(10):
        await bench.create()
    assert await alerts.watch_budgets(bench.ctx) == 1
    assert await alerts.watch_budgets(bench.ctx) == 0
    await alerts.send_due(bench.ctx)

    (event,) = await told(bench, endpoint_id)
    assert (event["type"], event["data"]["project_id"]) == ("budget.low", WHO.project_id)
    assert {mail["To"] for mail in inbox.mails} == {OWNER, OPERATOR}
    await limited(bench, 40_000_000)
    assert await alerts.watch_budgets(bench.ctx) == 0
    await limited(bench, -39_900_000)
    assert await alerts.watch_budgets(bench.ctx) == 1
    assert await bench.violations() == []


async def test_operators_alone_hear_that_an_upstreams_quota_is_used_up(
    bench: Bench, upstream: Scripted, inbox: Inbox
) -> None:
    everybody = await listening(bench, "http://127.0.0.1:9/", Alert.QUOTA_LOW)
    pager = await listening(
        bench, "http://127.0.0.1:9/", Alert.QUOTA_LOW, Alert.CHANNEL_DOWN, audience=Audience.INSTALLATION
    )
    upstream.outcomes.append(Refused(failure=Failure(code=Code.QUOTA_EXHAUSTED, message="nothing left")))
    await bench.create()
    async with asyncio.timeout(60):
        while not await told(bench, pager):
            await bench.settle_down()

    (event,) = await told(bench, pager)
    assert event["data"] == {"channel": "one", "state": "paused", "code": "quota_exhausted"}
    assert await told(bench, everybody) == []
    await alerts.send_due(bench.ctx)
    assert [mail["To"] for mail in inbox.mails] == [OPERATOR]
    assert "quota" in str(inbox.mails[0]["Subject"])


async def test_a_failed_task_is_mailed_to_operators_who_asked_for_it(
    bench: Bench, upstream: Scripted, inbox: Inbox
) -> None:
    upstream.sights["job-1"].append(Observation(phase=Phase.FAILED))
    upstream.sights["job-2"].append(Observation(phase=Phase.FAILED))
    task = await bench.create()
    assert (await bench.until(task.id)).status is Status.FAILED
    await alerts.send_due(bench.ctx)
    assert inbox.mails == []

    bench.ctx.rules = msgspec.structs.replace(bench.ctx.rules, alert_failed_tasks=True)
    task = await bench.create()
    await bench.until(task.id)
    await alerts.send_due(bench.ctx)
    (mail,) = inbox.mails
    assert task.id in str(mail.get_payload())


async def test_an_endpoint_that_only_fails_is_switched_off_and_its_owner_told(
    bench: Bench, inbox: Inbox
) -> None:
    bench.ctx.rules = msgspec.structs.replace(bench.ctx.rules, webhook_disable_after_s=3_600)
    async with serve(answering(http(status="500 X"))) as receiver:
        endpoint_id = await listening(bench, receiver.url(), "video.failed", Alert.BUDGET_LOW)
        for minutes in (0, 30, 40):
            await bench.clock.advance(minutes * 60)
            await bench.ctx.backend.write(lambda conn: owe(conn, bench, endpoint_id))
            await deliver.deliver_due(bench.ctx)

    endpoint = await webhooks.get(bench.ctx, WHO, endpoint_id)
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "Nothing was taken for 1 hours.")
    await alerts.send_due(bench.ctx)
    assert [mail["To"] for mail in inbox.mails] == [OWNER]
    again = await webhooks.update(bench.ctx, WHO, endpoint_id, name="pager")
    assert (again.enabled, again.failing_since) == (True, None)


async def test_one_delivery_that_is_taken_forgives_all_that_failed(bench: Bench) -> None:
    async with serve(answering(http(status="500 X"), http(status="200 OK"))) as receiver:
        endpoint_id = await listening(bench, receiver.url(), "video.failed")
        await bench.ctx.backend.write(lambda conn: owe(conn, bench, endpoint_id))
        await deliver.deliver_due(bench.ctx)
        assert (await webhooks.get(bench.ctx, WHO, endpoint_id)).failing_since is not None
        await bench.ctx.backend.write(lambda conn: owe(conn, bench, endpoint_id))
        await deliver.deliver_due(bench.ctx)

    assert (await webhooks.get(bench.ctx, WHO, endpoint_id)).failing_since is None


def owe(conn: Connection, bench: Bench, endpoint_id: str) -> None:
    ids = bench.ctx.ids
    webhook_rows.enqueue_alert(
        conn, endpoint_id, ids.new("evt"), body="{}", now=bench.clock.now_ms(), delivery_id=ids.new("dlv")
    )


async def owed_mail(bench: Bench) -> None:
    await bench.ctx.backend.write(
        lambda conn: alerts.tell(
            conn,
            bench.ctx,
            Alert.CHANNEL_DOWN,
            {},
            subject="渠道\r\nBcc: x@y.example",
            text="你好",
            to=[OWNER],
        )
    )


async def test_a_mail_says_what_it_says_in_any_script_and_no_subject_adds_a_header(
    bench: Bench, inbox: Inbox
) -> None:
    await owed_mail(bench)
    assert await alerts.send_due(bench.ctx) == 1

    (mail,) = inbox.mails
    assert mail["Bcc"] is None
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().strip() == "你好"
    assert await alerts.send_due(bench.ctx) == 0


async def test_a_mail_is_handed_in_again_until_the_server_takes_it(bench: Bench, inbox: Inbox) -> None:
    inbox.says = "450 busy"
    await owed_mail(bench)
    await alerts.send_due(bench.ctx)
    assert await alerts.send_due(bench.ctx) == 0
    inbox.says = "250 OK"
    await bench.clock.advance(alerts.MAIL_GAPS_S[0] + 1)
    await alerts.send_due(bench.ctx)

    (mail,) = await bench.ctx.backend.read(mail_rows.newest)
    assert (mail.state, mail.attempts, len(inbox.mails)) == (DeliveryState.DELIVERED, 2, 1)


async def test_an_address_that_is_refused_for_good_is_given_up(bench: Bench, inbox: Inbox) -> None:
    inbox.says = "550 no such user"
    await owed_mail(bench)
    await alerts.send_due(bench.ctx)

    (mail,) = await bench.ctx.backend.read(mail_rows.newest)
    assert mail.state is DeliveryState.DEAD
    assert mail.last_error == "The server refused the address (550)."


async def test_without_a_server_no_mail_is_owed(bench: Bench) -> None:
    bench.ctx.post = None
    await owed_mail(bench)

    assert await bench.ctx.backend.read(mail_rows.newest) == []


async def test_a_server_that_is_not_there_is_tried_again(bench: Bench) -> None:
    post = Post(host="127.0.0.1", port=9, sender="a@reel.example", security="none")
    result = await send_mail(post, OWNER, "x", "y", "mail_1")

    assert isinstance(result, NotSent)
    assert not result.final


async def test_a_password_is_shown_to_the_server_and_to_nobody_else() -> None:
    def known(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
        del mechanism
        return AuthResult(success=data == LoginPassword(b"me", b"secret"))

    async with receiving(authenticator=known, auth_require_tls=False) as inbox:
        good = inbox.post(user="me", password="secret")
        assert isinstance(await send_mail(good, OWNER, "x", "y", "mail_1"), Sent)
        bad = await send_mail(inbox.post(user="me", password="wr0ng-canary"), OWNER, "x", "y", "mail_2")

    assert isinstance(bad, NotSent)
    assert "canary" not in bad.reason + repr(good)
    assert len(inbox.mails) == 1


async def prefers(bench: Bench, language: Language | None = None, **told: bool) -> None:
    chosen = Preferences(language=language, notices=Notices(**told))
    await bench.ctx.backend.write(
        lambda conn: user_rows.prefer(conn, WHO.user_id, chosen, bench.clock.now_ms())
    )


async def test_people_are_written_to_about_what_they_chose_in_their_language(
    bench: Bench, upstream: Scripted, inbox: Inbox
) -> None:
    await prefers(bench, "zh-CN", mail_failed=True, mail_budget=False)
    upstream.sights["job-1"].append(Observation(phase=Phase.FAILED))
    task = await bench.create()
    assert (await bench.until(task.id)).status is Status.FAILED
    await alerts.send_due(bench.ctx)

    (mail,) = inbox.mails
    subject = str(make_header(decode_header(mail["Subject"])))
    assert (mail["To"], "失败" in subject, task.id in text_of(mail)) == (OWNER, True, True)
    await limited(bench, 4_000_000)
    for _ in range(10):
        await bench.create()
    assert await alerts.watch_budgets(bench.ctx) == 1
    await alerts.send_due(bench.ctx)
    assert [one["To"] for one in inbox.mails[1:]] == [OPERATOR]


async def test_a_finished_video_is_mailed_to_whoever_wants_that(bench: Bench, inbox: Inbox) -> None:
    await prefers(bench, mail_finished=True)
    task = await bench.create()
    await bench.ctx.backend.write(
        lambda conn: alerts.task_ended(conn, bench.ctx, task, Status.COMPLETED, None)
    )
    await alerts.send_due(bench.ctx)

    assert [one["To"] for one in inbox.mails] == [OWNER]
    assert task.request.prompt in text_of(inbox.mails[0])
