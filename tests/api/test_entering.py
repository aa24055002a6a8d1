"""Coming in over HTTP: for programs as the original service had it (003-01, 004-10), for browsers by cookie (X27)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelgate.auth import people
from reelgate.auth.access import Policy
from reelgate.core.people import Role
from reelgate.engine.context import Limits
from tests.api.browser import SECRET, Browser, access_of, first_admin, somebody
from tests.api.harness import Bench, open_bench

NEW = {"username": "ada", "password": SECRET, "email": "ada@example.com"}


@pytest.fixture
def policy() -> Policy:
    return Policy(registration="open")


@pytest.fixture
async def bench(tmp_path: Path, empty: Path, limits: Limits, policy: Policy) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, limits, policy) as opened:
        yield opened


@pytest.fixture
def browser(bench: Bench) -> Browser:
    return Browser(bench)


async def post(bench: Bench, path: str, body: Any, token: str | None = None) -> Any:
    answer = await bench.post(f"/api/auth/{path}", body, key=token)
    assert answer.status in (200, 201), answer.body
    return answer.json()["data"]


async def test_a_program_registers_and_signs_in_as_the_original_service_had_it(bench: Bench):
    registered = await bench.post("/api/auth/register", NEW, key=None)
    answer = await bench.post("/api/auth/login", {"username": "ada", "password": SECRET}, key=None)

    assert registered.status == 201
    assert registered.json()["success"] is True
    data = answer.json()["data"]
    assert data["expiresIn"] == 7 * 86_400
    me = (await bench.ask("GET", "/api/auth/me", key=data["token"])).json()["data"]
    assert me["user"]["id"] == me["user"]["userId"]  # 001-17
    assert me["user"]["username"] == "ada"
    assert me["session"]["kind"] == "tokens"
    assert "set-cookie" not in answer.headers


async def test_a_token_opens_every_surface(bench: Bench):
    token = (await post(bench, "register", NEW))["token"]

    for path in ("/v1/videos", "/v1/models", "/api/models", "/v1/files"):
        assert (await bench.ask("GET", path, key=token)).status == 200, path
    made = await bench.post("/v1/videos", {"prompt": "a red kite", "size": "64x64"}, key=token)
    assert made.status == 200
    assert (await bench.ask("GET", f"/v1/videos/{made.json()['id']}", key=token)).status == 200
    assert (await bench.ask("GET", f"/v1/videos/{made.json()['id']}")).status == 404


async def test_a_browser_gets_a_cookie_that_no_script_reads_and_works_everywhere(
    bench: Bench, browser: Browser
):
    await somebody(bench, "ada")
    answer = await browser.sign_in("ada")

    assert answer.json()["data"]["token"] is None
    session, csrf = browser.set_cookie
    assert session.startswith("reelgate_session=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(session.split("; "))
    assert "HttpOnly" not in csrf
    for path in ("/v1/videos", "/v1/models", "/api/models", "/v1/files", "/api/auth/me"):
        assert (await browser.ask("GET", path)).status == 200, path
    assert (await browser.ask("POST", "/v1/videos", {"prompt": "kite", "size": "64x64"})).status == 200
    stream = bench.open(
        "GET", "/api/events", headers={"cookie": f"reelgate_session={browser.jar['reelgate_session']}"},
        key=None,
    )  # fmt: skip
    assert (await stream.next())["status"] == 200
    await stream.leave()


@pytest.mark.parametrize(
    "headers",
    [
        {"x_csrf_token": ""},
        {"x_csrf_token": "0" * 32},
        {"origin": "http://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_a_forged_request_changes_nothing(bench: Bench, browser: Browser, headers: dict[str, str]):
    await somebody(bench, "ada")
    await browser.sign_in("ada")

    answer = await browser.ask("POST", "/v1/videos", {"prompt": "kite", "size": "64x64"}, **headers)

    assert (answer.status, answer.error["type"]) == (403, "permission_error")
    assert (await browser.ask("GET", "/v1/videos")).json()["data"] == []


async def test_the_token_of_one_sign_in_does_not_go_with_another(bench: Bench, browser: Browser):
    await somebody(bench, "ada")
    other = Browser(bench)
    await other.sign_in("ada")
    await browser.sign_in("ada")

    answer = await browser.ask("POST", "/v1/videos", {"prompt": "k"}, x_csrf_token=other.jar["reelgate_csrf"])

    assert answer.status == 403


async def test_nobody_is_signed_in_by_a_page_that_is_not_ours(bench: Bench, browser: Browser):
    await somebody(bench, "ada")
    body = {"username": "ada", "password": SECRET, "session": "browser"}

    answer = await browser.ask("POST", "/api/auth/login", body, origin="http://evil.example")

    assert answer.status == 403
    assert browser.jar == {}


async def test_a_bad_key_is_not_made_good_by_a_cookie(bench: Bench, browser: Browser):
    await somebody(bench, "ada")
    await browser.sign_in("ada")

    assert (await browser.ask("GET", "/v1/videos", authorization="Bearer rg_wrong")).status == 401
    # What a proxy in front asks for is not ours.
    assert (await browser.ask("GET", "/v1/videos", authorization="Basic eDp5")).status == 200


async def test_whoever_leaves_is_out_at_once(bench: Bench, browser: Browser):
    await somebody(bench, "ada")
    await browser.sign_in("ada")
    kept = dict(browser.jar)

    assert (await browser.ask("POST", "/api/auth/logout")).status == 200
    assert browser.jar == {}
    browser.jar = kept
    assert (await browser.ask("GET", "/api/auth/me")).status == 401
    assert (await browser.ask("POST", "/api/auth/logout")).status == 200
    assert browser.jar == {}


async def test_a_refresh_token_is_good_once_and_a_second_use_ends_the_sign_in(bench: Bench):
    first = await post(bench, "register", NEW)
    second = await post(bench, "refresh", {"refreshToken": first["refreshToken"]})
    assert (await bench.ask("GET", "/api/auth/me", key=second["token"])).status == 200

    again = await bench.post("/api/auth/refresh", {"refreshToken": first["refreshToken"]}, key=None)

    assert again.status == 401
    assert (await bench.ask("GET", "/api/auth/me", key=second["token"])).status == 401


async def test_a_token_expires(bench: Bench):
    token = (await post(bench, "register", NEW))["token"]
    await bench.clock.advance(7 * 86_400 + 1)

    assert (await bench.ask("GET", "/api/auth/me", key=token)).status == 401


async def test_another_password_leaves_only_the_one_who_chose_it(bench: Bench, browser: Browser):
    data = await post(bench, "register", NEW)
    await browser.sign_in("ada")
    body = {"currentPassword": SECRET, "newPassword": "another one entirely"}

    wrong = await browser.ask("POST", "/api/auth/change-password", {**body, "currentPassword": "no idea"})
    plain = await browser.ask("POST", "/api/auth/change-password", {**body, "newPassword": "short"})
    right = await browser.ask("POST", "/api/auth/change-password", body)

    assert (wrong.status, wrong.error["param"]) == (401, "currentPassword")
    assert (plain.status, plain.error["param"]) == (400, "newPassword")
    assert right.status == 200
    assert (await browser.ask("GET", "/api/auth/me")).status == 200
    assert (await bench.ask("GET", "/api/auth/me", key=data["token"])).status == 401


async def test_a_program_that_changes_its_password_is_given_new_tokens(bench: Bench):
    old = (await post(bench, "register", NEW))["token"]
    body = {"currentPassword": SECRET, "newPassword": "another one entirely"}

    new = (await post(bench, "change-password", body, old))["token"]

    assert (await bench.ask("GET", "/api/auth/me", key=old)).status == 401
    assert (await bench.ask("GET", "/api/auth/me", key=new)).status == 200


async def test_the_first_start_is_told_until_somebody_is_administrator(bench: Bench, browser: Browser):
    before = (await browser.ask("GET", "/api/auth/state")).json()["data"]
    sent = await people.setup_link(access_of(bench))
    seen = (await browser.ask("POST", "/api/auth/link", {"token": sent.token})).json()["data"]
    body = {"token": sent.token, "username": "root", "password": SECRET, "session": "browser"}
    made = await browser.ask("POST", "/api/auth/setup", body)

    assert before == {
        "firstRun": True, "registration": "open", "oidc": [], "languages": ["en", "zh-CN"], "resets": False,
    }  # fmt: skip
    assert seen["kind"] == "setup"
    assert made.status == 201
    me = (await browser.ask("GET", "/api/auth/me")).json()["data"]
    assert (me["role"], me["firstRun"]) == ("admin", False)
    assert "admin" in me["permissions"]
    assert me["csrfToken"] == browser.jar["reelgate_csrf"]
    assert (await browser.ask("GET", "/api/auth/state")).json()["data"]["firstRun"] is False
    assert (await browser.ask("POST", "/api/auth/setup", body)).status == 404
    assert (await browser.ask("POST", "/api/auth/link", {"token": sent.token})).status == 404


async def test_an_invitation_says_what_it_opens_and_opens_it(bench: Bench, browser: Browser):
    await first_admin(bench)
    team = await people.new_team(access_of(bench), "Film")
    sent = await people.invite(access_of(bench), role=Role.VIEWER, team_id=team.id)

    seen = (await browser.ask("POST", "/api/auth/link", {"token": sent.token})).json()["data"]
    body = {**NEW, "invite": sent.token, "session": "browser"}
    assert (await browser.ask("POST", "/api/auth/register", body)).status == 201

    assert (seen["kind"], seen["role"], seen["team"]) == ("invite", "viewer", "Film")
    me = (await browser.ask("GET", "/api/auth/me")).json()["data"]
    assert [(t["name"], t["role"]) for t in me["teams"]] == [("Film", "viewer")]
    shared = next(p["id"] for p in me["projects"] if p["teamId"] == team.id)
    browser.project = shared
    assert (await browser.ask("GET", "/api/auth/me")).json()["data"]["projectId"] == shared
    assert (await browser.ask("POST", "/v1/videos", {"prompt": "kite"})).status == 403


async def test_a_project_of_somebody_else_is_not_there(bench: Bench, browser: Browser):
    await somebody(bench, "ada")
    await browser.sign_in("ada")

    for project in ("proj_default", "proj_" + "0" * 26, "nonsense"):
        assert (await browser.ask("GET", "/v1/videos", x_reelgate_project=project)).status == 404
        assert (await browser.ask("GET", f"/v1/videos?as_project={project}")).status == 404


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("login", {"username": "ada"}, "password"),
        ("login", {"username": 5, "password": "x"}, "username"),
        ("login", {"username": "a" * 300, "password": "x"}, "username"),
        ("login", {"username": "ada", "password": "x", "session": "for ever"}, "session"),
        ("register", {"username": "a b", "password": SECRET}, "username"),
        ("register", {"username": "ada", "password": "short"}, "password"),
        ("refresh", {}, "refreshToken"),
        ("link", [], None),
    ],
)
async def test_what_is_wrong_is_named(bench: Bench, path: str, body: Any, param: str | None):
    answer = await bench.post(f"/api/auth/{path}", body, key=None)

    assert answer.status == 400, answer.body
    assert answer.json()["success"] is False
    assert answer.error["param"] == param


async def test_a_large_body_from_nobody_is_not_read(bench: Bench):
    answer = await bench.post("/api/auth/login", {"username": "a", "password": "x" * 70_000}, key=None)

    assert answer.status == 413


async def test_a_key_knows_who_it_is_but_does_not_look_after_the_account(bench: Bench):
    me = (await bench.ask("GET", "/api/auth/me")).json()["data"]
    body = {"currentPassword": "x", "newPassword": "another one entirely"}

    assert (me["session"], me["csrfToken"]) == (None, None)
    assert (await bench.post("/api/auth/change-password", body)).status == 403
    assert (await bench.ask("GET", "/api/auth/me", key=None)).status == 401


async def test_over_tls_the_cookie_is_for_this_host_alone(tmp_path: Path, empty: Path):
    policy = Policy(registration="open", public_url="https://reel.example")
    async with open_bench(tmp_path, empty, Limits(), policy) as bench:
        browser = Browser(bench)
        answer = await browser.ask(
            "POST", "/api/auth/register", {**NEW, "session": "browser"}, origin="https://reel.example"
        )

        assert answer.status == 201
        assert "__Host-reelgate_session" in browser.jar
        assert all("Secure" in line.split("; ") for line in browser.set_cookie)
        assert (await browser.ask("GET", "/api/auth/me")).status == 200
        # A cookie of the plain name may come from anybody on the wire.
        browser.jar = {"reelgate_session": browser.jar["__Host-reelgate_session"]}
        assert (await browser.ask("GET", "/api/auth/me")).status == 401


async def test_somebody_with_wrong_passwords_is_told_to_wait(bench: Bench):
    await somebody(bench, "ada")
    said = [
        (await bench.post("/api/auth/login", {"username": "ada", "password": "wrong"}, key=None))
        for _ in range(6)
    ]

    assert [one.status for one in said] == [401] * 5 + [429]
    assert int(said[-1].headers["retry-after"]) >= 1
