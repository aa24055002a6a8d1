"""A sign-in opens every surface alike, sockets and webhooks too, and only to pages of ours (003-05, 003-22)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelgate.api.live.socket import UNAUTHORIZED
from reelgate.auth.access import Policy
from reelgate.engine.context import Limits
from tests.api.browser import SECRET, Browser, somebody
from tests.api.harness import Bench, open_bench
from tests.api.sockets import Line, dial

HERE = {"host": "reel.example", "origin": "http://reel.example"}
HOOK = {"name": "pager", "url": "https://93.184.216.34/hook", "event_types": ["video.completed"]}
HOOKS = "/v1/webhook_endpoints"


@pytest.fixture
async def bench(tmp_path: Path, empty: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, Limits(), Policy()) as opened:
        yield opened


@pytest.fixture
async def ada(bench: Bench) -> Browser:
    await somebody(bench, "ada")
    browser = Browser(bench)
    await browser.sign_in("ada")
    return browser


def dialled(browser: Browser, target: str = "/ws", **headers: str) -> Line:
    """Open a socket as a page does: the cookie goes along, and no header of its own."""
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    whole = {**HERE, "cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return dial(browser.bench, target, key=None, more={name: value for name, value in whole.items() if value})


async def greeted(line: Line) -> str:
    assert (await line.message())["type"] == "websocket.accept"
    assert (await line.next())["authenticated"] is True
    return str((await line.next())["userId"])


async def test_a_page_of_ours_follows_its_videos_by_cookie(bench: Bench, ada: Browser) -> None:
    mine = (await ada.ask("POST", "/v1/videos", {"prompt": "kite", "size": "64x64"})).json()["id"]
    await bench.made("somebody else's")
    me = (await ada.ask("GET", "/api/auth/me")).json()["data"]["user"]["id"]

    line = dialled(ada)
    assert await greeted(line) == me
    line.say(type="subscribe", all=True)
    await line.until(type="subscribed")
    await bench.run(mine)

    assert (await line.until(taskId=mine))["taskId"] == mine
    await line.leave()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "https://reel.example.evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_no_other_page_opens_a_socket_with_somebodys_cookie(
    bench: Bench, ada: Browser, headers: dict[str, str]
) -> None:
    line = dialled(ada, **headers)

    start, body = await line.message(), await line.message()

    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert json.loads(body["body"])["error"]["type"] == "permission_error"
    await line.task
    assert bench.ctx.hub.readers == 0


async def test_a_socket_ends_with_the_sign_in_that_opened_it(bench: Bench, ada: Browser) -> None:
    line = dialled(ada)
    await greeted(line)

    await ada.ask("POST", "/api/auth/logout")
    await bench.clock.advance(60)

    assert await line.closed() == UNAUTHORIZED
    await line.task


async def test_webhooks_are_looked_after_by_cookie_and_only_from_our_pages(
    bench: Bench, ada: Browser
) -> None:
    made = (await ada.ask("POST", HOOKS, HOOK)).json()["id"]
    forgeries = ({"x_csrf_token": ""}, {"origin": "http://evil.example"}, {"sec_fetch_site": "cross-site"})
    steps = (("POST", made), ("POST", f"{made}/rotate_secret"), ("POST", f"{made}/test"), ("DELETE", made))

    refused = [
        (await ada.ask(method, f"{HOOKS}/{path}", {"name": "x"}, **forged)).status
        for forged in forgeries
        for method, path in steps
    ]

    assert refused == [403] * len(refused)
    changed = await ada.ask("POST", f"{HOOKS}/{made}", {"name": "night"})
    assert (changed.status, changed.json()["name"]) == (200, "night")
    assert (await ada.ask("POST", f"{HOOKS}/{made}/rotate_secret")).status == 200
    assert [one["id"] for one in (await ada.ask("GET", HOOKS)).json()["data"]] == [made]
    assert (await ada.ask("DELETE", f"{HOOKS}/{made}")).status == 200
    assert (await bench.ask("GET", f"{HOOKS}/{made}")).status == 404


async def test_a_stolen_refresh_token_takes_the_whole_sign_in_with_it(bench: Bench) -> None:
    """Whoever exchanges a token a second time, thief or owner, ends it for both, on every surface; others stay."""
    await somebody(bench, "ada")

    async def native(path: str, **body: str) -> tuple[int, dict[str, str]]:
        answer = await bench.post(f"/api/auth/{path}", body, key=None)
        return answer.status, answer.json().get("data", {})

    _, first = await native("login", username="ada", password=SECRET)
    _, elsewhere = await native("login", username="ada", password=SECRET)
    _, stolen = await native("refresh", refreshToken=first["refreshToken"])
    line = dial(bench, key=stolen["token"])
    await greeted(line)

    replayed, _ = await native("refresh", refreshToken=first["refreshToken"])
    carried_on, _ = await native("refresh", refreshToken=stolen["refreshToken"])
    await bench.clock.advance(60)

    assert (replayed, carried_on) == (401, 401)
    for path in ("/api/video/tasks", "/v1/videos", "/api/auth/me", "/api/library/items"):
        assert (await bench.ask("GET", path, key=stolen["token"])).status == 401, path
        assert (await bench.ask("GET", path, key=elsewhere["token"])).status == 200, path
    assert await line.closed() == UNAUTHORIZED
    await line.task
    again, third = await native("refresh", refreshToken=elsewhere["refreshToken"])
    assert (again, bool(third["refreshToken"])) == (200, True)
