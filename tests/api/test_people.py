"""Users, invitations, teams and keys as an administrator sees them (003-22)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelgate.api.people import account, admin, entering, keys
from reelgate.auth.access import Policy
from reelgate.core.people import Role
from reelgate.engine.context import Limits
from tests.api.browser import SECRET, Browser, first_admin, somebody
from tests.api.harness import Answer, Bench, open_bench


@pytest.fixture
async def bench(tmp_path: Path, empty: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, Limits(), Policy()) as opened:
        yield opened


@pytest.fixture
async def root(bench: Bench) -> Browser:
    await first_admin(bench)
    browser = Browser(bench)
    await browser.sign_in("root")
    return browser


async def data(browser: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await browser.ask(method, f"/api/admin/{path}", body)
    assert answer.status in (200, 201), answer.body
    return answer.json()["data"]


async def chosen(bench: Bench, url: str) -> Answer:
    path, _, token = url.removeprefix("http://reel.example").partition("#")
    assert path == "/reset"
    return await Browser(bench).ask("POST", "/api/auth/reset-password", {"token": token, "password": SECRET})


async def test_an_account_is_made_and_its_holder_chooses_a_password(bench: Bench, root: Browser):
    made = await data(root, "POST", "users", {"username": "ada", "role": "operator"})
    assert made["user"]["hasPassword"] is False

    assert (await chosen(bench, made["link"]["url"])).status == 200

    ada = Browser(bench)
    await ada.sign_in("ada")
    me = (await ada.ask("GET", "/api/auth/me")).json()["data"]
    assert (me["role"], "operate" in me["permissions"], "admin" in me["permissions"]) == (
        "operator",
        True,
        False,
    )
    assert (await chosen(bench, made["link"]["url"])).status == 404


async def test_an_operator_looks_after_channels_and_not_after_people(bench: Bench):
    await somebody(bench, "oleg", Role.OPERATOR)
    oleg = Browser(bench)
    await oleg.sign_in("oleg")

    assert (await oleg.ask("GET", "/api/admin/channels")).status == 200
    for path in ("users", "invites", "teams", "keys", "sessions"):
        assert (await oleg.ask("GET", f"/api/admin/{path}")).status == 403, path
    assert (await oleg.ask("POST", "/api/admin/channels", {"name": "x"})).status == 403


async def test_a_user_is_found_changed_and_shut_out(bench: Bench, root: Browser):
    user = await somebody(bench, "ada")
    ada = Browser(bench)
    await ada.sign_in("ada")
    assert [u["id"] for u in await data(root, "GET", "users?search=AD")] == [user.id]

    await data(root, "PATCH", f"users/{user.id}", {"role": "viewer", "name": "Ada"})
    assert (await ada.ask("POST", "/v1/videos", {"prompt": "kite"})).status == 403
    found = await data(root, "GET", f"users/{user.id}")
    assert (found["user"]["role"], found["user"]["name"]) == ("viewer", "Ada")
    await data(root, "PATCH", f"users/{user.id}", {"disabled": True})
    assert (await ada.ask("GET", "/api/auth/me")).status == 401
    assert (await data(root, "GET", f"users/{user.id}"))["user"]["disabled"] is True


async def test_users_are_sought_by_role_and_state_with_their_sign_ins(bench: Bench, root: Browser):
    ada, bob = await somebody(bench, "ada", Role.VIEWER), await somebody(bench, "bob", Role.VIEWER)
    await Browser(bench).sign_in("ada")
    await Browser(bench).sign_in("ada")
    await data(root, "PATCH", f"users/{bob.id}", {"disabled": True})

    viewers = {one["id"]: one for one in await data(root, "GET", "users?role=viewer")}
    assert set(viewers) == {ada.id, bob.id}
    assert (viewers[ada.id]["signIns"], viewers[bob.id]["signIns"]) == (2, 0)
    assert viewers[ada.id]["seenAt"] is not None
    assert viewers[bob.id]["seenAt"] is None
    assert [one["id"] for one in await data(root, "GET", "users?role=viewer&state=active")] == [ada.id]
    assert [one["id"] for one in await data(root, "GET", "users?state=disabled")] == [bob.id]
    for wrong in ("role=king", "state=asleep"):
        answer = await root.ask("GET", f"/api/admin/users?{wrong}")
        assert (answer.status, answer.error["param"]) == (400, wrong.partition("=")[0])


async def test_what_is_changed_about_people_is_written_down_with_what_it_was(bench: Bench, root: Browser):
    ada = await somebody(bench, "ada")
    team = await data(root, "POST", "teams", {"name": "Kites"})
    member = f"teams/{team['id']}/members/{ada.id}"

    await data(root, "PATCH", f"users/{ada.id}", {"role": "viewer"})
    await data(root, "PUT", member, {"role": "member"})
    await data(root, "PUT", member, {"role": "viewer"})

    log = (await root.ask("GET", "/api/admin/audit?limit=3")).json()["data"]
    assert [one["details"].get("before") for one in log] == [{"role": "member"}, None, {"role": "member"}]
    assert log[2]["subject_name"] == "ada"
    assert log[2]["actor_name"] != ""


async def test_the_only_administrator_stays_one(root: Browser):
    for change in ({"role": "member"}, {"disabled": True}):
        answer = await root.ask("PATCH", "/api/admin/users/user_default", change)
        assert answer.status == 400
    assert (await root.ask("GET", "/api/auth/me")).json()["data"]["role"] == "admin"


async def test_every_sign_in_of_a_user_is_ended_and_a_link_is_sent(bench: Bench, root: Browser):
    user = await somebody(bench, "ada")
    ada = Browser(bench)
    await ada.sign_in("ada")

    assert await data(root, "POST", f"users/{user.id}/logout") == {"ended": 1}
    assert (await ada.ask("GET", "/api/auth/me")).status == 401
    sent = await data(root, "POST", f"users/{user.id}/reset")
    assert (await chosen(bench, sent["url"])).status == 200


async def test_an_invitation_is_listed_used_and_voided(bench: Bench, root: Browser):
    made = await data(root, "POST", "invites", {"role": "viewer", "note": "for Ada", "days": 1})
    other = await data(root, "POST", "invites", {})
    await data(root, "DELETE", f"invites/{other['invite']['id']}")
    token = made["link"]["url"].partition("#")[2]
    assert made["link"]["url"].startswith("http://reel.example/invite#")

    body = {"username": "ada", "password": SECRET, "invite": token}
    assert (await Browser(bench).ask("POST", "/api/auth/register", body)).status == 201

    listed = {one["id"]: one for one in await data(root, "GET", "invites")}
    assert listed[made["invite"]["id"]]["usedAt"] is not None
    assert listed[other["invite"]["id"]]["revokedAt"] is not None
    assert token not in str(listed)
    assert (await root.ask("DELETE", f"/api/admin/invites/{made['invite']['id']}")).status == 404


async def test_a_team_is_made_filled_emptied_and_dissolved(bench: Bench, root: Browser):
    user = await somebody(bench, "ada")
    team = await data(root, "POST", "teams", {"name": "Film"})
    [shared] = team["projects"]

    filled = await data(root, "PUT", f"teams/{team['id']}/members/{user.id}", {"role": "viewer"})
    assert [(m["userId"], m["role"]) for m in filled["members"]] == [(user.id, "viewer")]
    wrong = await root.ask("PUT", f"/api/admin/teams/{team['id']}/members/{user.id}", {"role": "admin"})
    assert wrong.status == 400
    emptied = await data(root, "DELETE", f"teams/{team['id']}/members/{user.id}")
    assert emptied["members"] == []
    without = await data(root, "DELETE", f"teams/{team['id']}/projects/{shared['id']}")
    assert without["projects"] == []
    again = await data(root, "PUT", f"teams/{team['id']}/projects/{shared['id']}")
    assert again["projects"] == [shared]
    await data(root, "DELETE", f"teams/{team['id']}")
    assert (await root.ask("GET", f"/api/admin/teams/{team['id']}")).status == 404
    assert await data(root, "GET", "teams") == []


async def test_a_key_for_somebody_opens_only_what_they_get_into(bench: Bench, root: Browser):
    user = await somebody(bench, "ada")
    [home] = (await data(root, "GET", f"users/{user.id}"))["projects"]

    foreign = await root.ask("POST", "/api/admin/keys", {"name": "k", "userId": user.id})
    made = await data(
        root, "POST", "keys", {"name": "k", "userId": user.id, "projectId": home["id"], "scopes": ["admin"]}
    )

    assert foreign.status == 404
    # A key never makes anybody more than they are.
    assert (await bench.ask("GET", "/api/admin/users", key=made["key"])).status == 403
    listed = await data(root, "GET", f"keys?user_id={user.id}")
    assert [key["id"] for key in listed] == [made["about"]["id"]]
    await data(root, "DELETE", f"keys/{made['about']['id']}")
    assert (await bench.ask("GET", "/v1/models", key=made["key"])).status == 401


async def test_sign_ins_of_everybody_are_seen_and_ended(bench: Bench, root: Browser):
    user = await somebody(bench, "ada")
    ada = Browser(bench)
    await ada.sign_in("ada")

    [theirs] = await data(root, "GET", f"sessions?user_id={user.id}")
    await data(root, "DELETE", f"sessions/{theirs['id']}")

    assert (await ada.ask("GET", "/api/auth/me")).status == 401
    assert [one["current"] for one in await data(root, "GET", "sessions")] == [True]


async def test_ids_that_nobody_has_are_not_there(root: Browser):
    zeros = "0" * 26
    for method, path in (
        ("GET", f"users/user_{zeros}"),
        ("PATCH", f"users/user_{zeros}"),
        ("POST", f"users/user_{zeros}/reset"),
        ("POST", f"users/user_{zeros}/logout"),
        ("GET", f"teams/team_{zeros}"),
        ("DELETE", f"teams/team_{zeros}"),
        ("PUT", f"teams/team_{zeros}/members/user_default"),
        ("DELETE", f"sessions/sess_{zeros}"),
        ("DELETE", f"keys/key_{zeros}"),
        ("DELETE", "invites/nonsense"),
    ):
        answer = await root.ask(method, f"/api/admin/{path}", {})
        assert answer.status == 404, (path, answer.body)


async def test_the_schema_has_types_for_everything_about_people(bench: Bench):
    spec = bench.app.openapi()
    untyped: list[str] = []
    for one in (*entering.OPERATIONS, *account.OPERATIONS, *keys.OPERATIONS, *admin.OPERATIONS):
        operation = spec["paths"][one.path][one.method.lower()]
        content = operation["responses"][str(one.status)]["content"].get("application/json", {})
        if not content.get("schema") or (one.takes is not None and not operation.get("requestBody")):
            untyped.append(f"{one.method} {one.path}")

    assert untyped == ["GET /api/account/export"]
    assert spec["components"]["schemas"]["Me"]["required"]
