"""The browser's way to an OpenID provider and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reelgate.auth.access import Policy
from reelgate.auth.oidc import Provider, Registered
from reelgate.engine.context import Limits
from reelgate.testing.clock import FakeClock
from tests.api.browser import Browser, somebody
from tests.api.harness import Answer, Bench, open_bench
from tests.auth.identity import CLIENT, ISSUER, SECRET, Identity


@pytest.fixture
def identity() -> Identity:
    return Identity(FakeClock())


@pytest.fixture
async def bench(tmp_path: Path, empty: Path, identity: Identity) -> AsyncIterator[Bench]:
    registered = Registered(issuer=ISSUER, client_id=CLIENT, client_secret=SECRET)
    provider = Provider(registered, identity.fetch)
    async with open_bench(tmp_path, empty, Limits(), Policy(registration="open"), lambda: provider) as opened:
        identity.clock = opened.clock
        yield opened


async def there_and_back(browser: Browser, identity: Identity, path: str = "/api/auth/oidc") -> Answer:
    away = await browser.ask("GET", path)
    assert away.status == 302, away.body
    code, state = identity.sign_in(away.headers["location"])
    return await browser.ask(
        "GET", f"/api/auth/oidc/callback?code={code}&state={state}", sec_fetch_site="cross-site", origin=""
    )


async def test_a_browser_comes_back_signed_in(bench: Bench, identity: Identity):
    browser = Browser(bench)
    state = (await browser.ask("GET", "/api/auth/state")).json()["data"]

    answer = await there_and_back(browser, identity, state["oidc"][0]["url"] + "?back=/library")

    assert state["oidc"] == [{"id": "oidc", "name": "id.example.com", "url": "/api/auth/oidc"}]
    assert (answer.status, answer.headers["location"]) == (303, "/library")
    assert "reelgate_oidc" not in browser.jar
    me = (await browser.ask("GET", "/api/auth/me")).json()["data"]
    assert (me["user"]["email"], me["providers"]) == ("ada@example.com", [ISSUER])


async def test_whoever_is_not_let_in_is_told_on_the_sign_in_page(bench: Bench, identity: Identity):
    browser = Browser(bench)
    identity.claims = {"aud": "another"}

    answer = await there_and_back(browser, identity)

    assert answer.status == 303
    assert urlsplit(answer.headers["location"]).path == "/login"
    assert "error=unauthorized" in answer.headers["location"]
    assert browser.jar == {}


async def test_the_provider_is_added_to_the_account_that_is_signed_in(bench: Bench, identity: Identity):
    await somebody(bench, "ada")
    browser = Browser(bench)
    assert (await browser.ask("GET", "/api/auth/oidc?link=1")).status == 401
    await browser.sign_in("ada")
    mine = (await browser.ask("GET", "/api/auth/me")).json()["data"]["user"]["id"]

    await there_and_back(browser, identity, "/api/auth/oidc?link=1")

    fresh = Browser(bench)
    await there_and_back(fresh, identity)
    assert (await fresh.ask("GET", "/api/auth/me")).json()["data"]["user"]["id"] == mine


async def test_a_silent_provider_is_told_in_the_envelope(bench: Bench, identity: Identity):
    identity.silent = True

    answer = await Browser(bench).ask("GET", "/api/auth/oidc")

    assert answer.status == 503
    assert answer.error["code"] == "overloaded"
