"""Links by mail: invitations, new passwords, and what is never told to whoever asks (003-22)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.auth import accounts
from reelgate.auth.access import Policy
from reelgate.core.people import Preferences
from reelgate.engine.context import Limits
from reelgate.store import mails as mail_rows
from tests.api.browser import SECRET, Browser, access_of, first_admin, somebody
from tests.api.harness import Bench, open_bench
from tests.net.inbox import Inbox, receiving, text_of

ADA = "Ada@reel.example"
HERE = "https://reel.example"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def bench(tmp_path: Path, empty: Path, inbox: Inbox) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, Limits(), Policy(public_url=HERE)) as opened:
        opened.ctx.post = inbox.post()
        opened.ctx.rules = msgspec.structs.replace(opened.ctx.rules, public_url=HERE)
        yield opened


@pytest.fixture
async def root(bench: Bench) -> Browser:
    await first_admin(bench)
    browser = Browser(bench)
    await browser.sign_in("root")
    return browser


def subject_of(mail: Message) -> str:
    return str(make_header(decode_header(mail["Subject"])))


def token_in(mail: Message, page: str) -> str:
    found = re.search(rf"{HERE}/{page}#(\S+)", text_of(mail))
    assert found is not None, text_of(mail)
    return found[1]


async def made(root: Browser, path: str, body: Any = None) -> Any:
    answer = await root.ask("POST", f"/api/admin/{path}", body or {})
    assert answer.status == 201, answer.body
    return answer.json()["data"]


async def forgot(bench: Bench, username: str, **headers: str) -> Any:
    answer = await Browser(bench).ask("POST", "/api/auth/forgot-password", {"username": username}, **headers)
    return answer.status, answer.json()


async def mailed(bench: Bench, inbox: Inbox, count: int) -> None:
    """Wait until what was begun after an answer is through, and so many mails came."""
    async with asyncio.timeout(60):
        await bench.app.state.door.quiet()
    assert len(inbox.mails) == count


async def test_an_invitation_reaches_whom_it_is_for_in_their_language(
    bench: Bench, root: Browser, inbox: Inbox
) -> None:
    english = await made(root, "invites", {"email": ADA})
    chinese = await made(root, "invites", {"email": ADA, "language": "zh-CN"})
    quiet = await made(root, "invites")

    assert english["link"]["mail"] == {"address": ADA, "sent": True, "reason": None}
    assert quiet["link"]["mail"] is None
    assert [mail["To"] for mail in inbox.mails] == [ADA, ADA]
    assert "invited" in subject_of(inbox.mails[0])
    assert "邀请" in subject_of(inbox.mails[1])
    assert chinese["link"]["url"].endswith(token_in(inbox.mails[1], "invite"))
    body = {"username": "ada", "password": SECRET, "invite": token_in(inbox.mails[0], "invite")}
    assert (await Browser(bench).ask("POST", "/api/auth/register", body)).status == 201
    assert await bench.ctx.backend.read(mail_rows.newest) == []


async def test_a_mail_that_is_not_taken_leaves_the_link_and_says_why(
    bench: Bench, root: Browser, inbox: Inbox
) -> None:
    inbox.says = "550 no such user"
    refused = await made(root, "invites", {"email": ADA})
    bench.ctx.post = None
    unsent = await made(root, "invites", {"email": ADA})
    wrong = await root.ask("POST", "/api/admin/invites", {"email": "nobody"})

    assert refused["link"]["mail"]["sent"] is False
    assert "550" in refused["link"]["mail"]["reason"]
    assert unsent["link"]["mail"]["sent"] is False
    assert unsent["link"]["url"].startswith(f"{HERE}/invite#")
    assert (wrong.status, wrong.error["param"]) == (400, "email")


async def test_a_new_account_and_a_reset_are_mailed_to_whoever_left_an_address(
    bench: Bench, root: Browser, inbox: Inbox
) -> None:
    new = await made(root, "users", {"username": "ada", "email": ADA})
    again = await made(root, f"users/{new['user']['id']}/reset")
    silent = await made(root, "users", {"username": "ben"})

    assert (new["link"]["mail"]["sent"], again["mail"]["sent"], silent["link"]["mail"]) == (True, True, None)
    assert [("`ada`" in text_of(mail)) for mail in inbox.mails] == [True, True]
    body = {"token": token_in(inbox.mails[1], "reset"), "password": SECRET}
    assert (await Browser(bench).ask("POST", "/api/auth/reset-password", body)).status == 200


async def test_a_forgotten_password_is_answered_alike_for_everybody(bench: Bench, inbox: Inbox) -> None:
    access = access_of(bench)
    ada = await somebody(bench, "ada")
    await accounts.describe(access, ada.id, email=ADA)
    await accounts.prefer(access, ada.id, lambda _: Preferences(language="zh-CN"))
    await somebody(bench, "silent")
    for name in ("one", "two"):
        await accounts.describe(access, (await somebody(bench, name)).id, email="both@reel.example")

    asked = ("ada", "nobody", "silent", "both@reel.example", "ADA@reel.example")
    answers = [await forgot(bench, name) for name in asked]
    state = (await Browser(bench).ask("GET", "/api/auth/state")).json()["data"]
    await mailed(bench, inbox, 2)

    assert answers == [(200, {"success": True, "data": {}})] * 5
    assert state["resets"] is True
    assert {mail["To"] for mail in inbox.mails} == {ADA}
    assert "密码" in subject_of(inbox.mails[0])
    good = [
        await Browser(bench).ask(
            "POST", "/api/auth/reset-password", {"token": token_in(mail, "reset"), "password": SECRET + "!"}
        )
        for mail in inbox.mails
    ]
    # Of two links sent, one is good: each makes those before it void.
    assert sorted(answer.status for answer in good) == [200, 404]
    await Browser(bench).sign_in("ada", SECRET + "!")


async def test_nobody_is_flooded_and_no_asker_says_where_a_link_leads(bench: Bench, inbox: Inbox) -> None:
    await accounts.describe(access_of(bench), (await somebody(bench, "ada")).id, email=ADA)

    statuses = [(await forgot(bench, name))[0] for name in ("ada", "ADA", " ada", "ada")]
    unknown = [(await forgot(bench, "nobody"))[0] for _ in range(4)]
    foreign = (await forgot(bench, "ben", host="evil.example", origin="http://elsewhere.example"))[0]
    poisoned = (await forgot(bench, ADA, host="evil.example", origin="", sec_fetch_site="none"))[0]
    await mailed(bench, inbox, 4)

    assert statuses == unknown == [200, 200, 200, 429]
    assert (foreign, poisoned) == (403, 200)
    assert all("evil" not in text_of(mail) for mail in inbox.mails)


async def test_without_a_mail_server_or_an_address_of_ours_no_link_is_offered(bench: Bench) -> None:
    post = bench.ctx.post
    bench.ctx.post = None
    without_server = await forgot(bench, "ada")
    bench.ctx.post = post
    bench.ctx.rules = msgspec.structs.replace(bench.ctx.rules, public_url=None)
    without_address = await forgot(bench, "ada")
    state = (await Browser(bench).ask("GET", "/api/auth/state")).json()["data"]

    assert (without_server[0], without_address[0], state["resets"]) == (404, 404, False)
