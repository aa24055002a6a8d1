"""Looking after oneself over HTTP: keys, sign-ins, projects, and everything kept about one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelgate.auth import people
from reelgate.auth.access import Policy
from reelgate.core.money import show
from reelgate.core.people import Role
from reelgate.engine.context import Limits
from reelgate.engine.settle import close
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from tests.api.browser import Browser, access_of, somebody
from tests.api.harness import Bench, open_bench

WISH = {"prompt": "a red kite", "size": "64x64"}


@pytest.fixture
async def bench(tmp_path: Path, empty: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, Limits(), Policy()) as opened:
        yield opened


@pytest.fixture
async def ada(bench: Bench) -> Browser:
    return await entered(bench, "ada")


async def entered(bench: Bench, login: str, role: Role = Role.MEMBER) -> Browser:
    await somebody(bench, login, role)
    browser = Browser(bench)
    await browser.sign_in(login)
    return browser


async def data(browser: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await browser.ask(method, f"/api/account/{path}", body)
    assert answer.status in (200, 201), answer.body
    return answer.json()["data"]


async def test_a_key_opens_what_it_was_given_and_is_shown_once(bench: Bench, ada: Browser):
    made = await data(ada, "POST", "keys", {"name": "script", "scopes": ["videos:read"]})

    assert (await bench.ask("GET", "/v1/videos", key=made["key"])).status == 200
    assert (await bench.post("/v1/videos", WISH, key=made["key"])).status == 403
    listed = await data(ada, "GET", "keys")
    assert [(k["id"], k["hint"]) for k in listed] == [(made["about"]["id"], made["key"][-4:])]
    assert made["key"] not in str(listed)


async def test_a_closed_key_opens_nothing_from_the_next_request_on(bench: Bench, ada: Browser):
    made = await data(ada, "POST", "keys", {"name": "script"})
    await data(ada, "DELETE", f"keys/{made['about']['id']}")

    assert (await bench.ask("GET", "/v1/videos", key=made["key"])).status == 401
    assert (await ada.ask("DELETE", f"/api/account/keys/{made['about']['id']}")).status == 404


async def test_a_key_expires(bench: Bench, ada: Browser):
    made = await data(ada, "POST", "keys", {"name": "script", "days": 1})
    await bench.clock.advance(86_399)
    assert (await bench.ask("GET", "/v1/models", key=made["key"])).status == 200

    await bench.clock.advance(2)

    assert (await bench.ask("GET", "/v1/models", key=made["key"])).status == 401


async def test_a_key_asks_for_no_other_model_by_any_of_its_names(bench: Bench, ada: Browser):
    by_alias = await data(ada, "POST", "keys", {"name": "a", "models": ["sora-2"]})
    by_name = await data(ada, "POST", "keys", {"name": "b", "models": ["demo"]})
    neither = await data(ada, "POST", "keys", {"name": "c", "models": ["other"]})

    assert (await bench.post("/v1/videos", {**WISH, "model": "sora-2"}, key=by_alias["key"])).status == 200
    assert (await bench.post("/v1/videos", {**WISH, "model": "demo"}, key=by_alias["key"])).status == 403
    assert (await bench.post("/v1/videos", {**WISH, "model": "sora-2"}, key=by_name["key"])).status == 200
    for path in ("/v1/videos", "/v1/videos"):
        answer = await bench.post(path, WISH, key=neither["key"])
        assert (answer.status, answer.error["param"]) == (403, "model")


async def test_nobody_gives_a_key_more_than_they_have(bench: Bench, ada: Browser):
    viewer = await entered(bench, "vera", Role.VIEWER)

    for browser, scope in ((ada, "admin"), (ada, "operate"), (viewer, "videos:write"), (viewer, "admin")):
        answer = await browser.ask("POST", "/api/account/keys", {"name": "k", "scopes": [scope]})
        assert (answer.status, answer.error["param"]) == (403, "scopes")
    usual = await data(viewer, "POST", "keys", {"name": "k"})
    assert usual["about"]["scopes"] == ["files:read", "videos:read", "webhooks:read"]
    assert (await data(viewer, "GET", "keys/kinds"))["usual"] == usual["about"]["scopes"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"scopes": ["fly"]}, "scopes"),
        ({"budget": "a lot"}, "budget"),
        ({"budget": "-1"}, "budget"),
        ({"days": 0}, "days"),
        ({"window": "week"}, "window"),
        ({"name": ""}, "name"),
        ({"projectId": "proj_" + "0" * 26}, "projectId"),
        ({"currency": "$"}, "currency"),
    ],
)
async def test_a_wish_that_cannot_be_is_named(ada: Browser, change: dict[str, Any], param: str):
    answer = await ada.ask("POST", "/api/account/keys", {"name": "k", **change})

    assert (answer.status, answer.error["param"]) == (400, param)


async def test_a_sign_in_is_ended_from_another_one(bench: Bench, ada: Browser):
    other = Browser(bench)
    await other.sign_in("ada")
    listed = await data(other, "GET", "sessions")
    old = next(one for one in listed if not one["current"])

    await data(other, "DELETE", f"sessions/{old['id']}")

    assert (await ada.ask("GET", "/api/auth/me")).status == 401
    assert (await other.ask("GET", "/api/auth/me")).status == 200


async def test_all_other_sign_ins_are_ended_at_once(bench: Bench, ada: Browser):
    others = [Browser(bench) for _ in range(3)]
    for other in others:
        await other.sign_in("ada")

    assert (await data(ada, "DELETE", "sessions"))["ended"] == 3

    assert [(await other.ask("GET", "/api/auth/me")).status for other in others] == [401] * 3
    assert (await ada.ask("GET", "/api/auth/me")).status == 200


async def test_a_profile_is_changed_field_by_field(ada: Browser):
    await data(ada, "PATCH", "profile", {"name": "Ada L.", "email": "ada@example.com"})
    await data(ada, "PATCH", "profile", {"email": ""})

    found = await data(ada, "GET", "profile")
    assert (found["name"], found["email"]) == ("Ada L.", None)
    wrong = await ada.ask("PATCH", "/api/account/profile", {"email": "nobody"})
    assert (wrong.status, wrong.error["param"]) == (400, "email")


async def test_a_shared_project_is_for_the_whole_team_and_for_nobody_else(bench: Bench, ada: Browser):
    bob, eve = await entered(bench, "bob"), await entered(bench, "eve")
    access = access_of(bench)
    team = await people.new_team(access, "Film")
    ids = {name: (await people.find(access, name)).id for name in ("ada", "bob")}
    for user_id in ids.values():
        await people.put_member(access, team.id, user_id)
    made = await data(ada, "POST", "projects", {"name": "Short film"})
    shared = await data(ada, "PUT", f"projects/{made['id']}/team", {"teamId": team.id})
    assert shared["teamId"] == team.id

    ada.project = bob.project = eve.project = made["id"]
    video = (await ada.ask("POST", "/v1/videos", WISH)).json()["id"]

    assert (await bob.ask("GET", f"/v1/videos/{video}")).status == 200
    assert (await bob.ask("GET", f"/v1/videos/{video}?as_project={made['id']}")).status == 200
    assert (await eve.ask("GET", f"/v1/videos/{video}")).status == 404
    key = (await data(bob, "POST", "keys", {"name": "of the team"}))["key"]
    assert (await bench.ask("GET", f"/v1/videos/{video}", key=key)).status == 200
    await people.remove_member(access, team.id, ids["bob"])
    assert (await bob.ask("GET", f"/v1/videos/{video}")).status == 404
    assert (await bench.ask("GET", f"/v1/videos/{video}", key=key)).status == 401


async def test_nobody_shares_what_is_not_theirs_or_with_a_team_they_are_not_in(bench: Bench, ada: Browser):
    eve = await entered(bench, "eve")
    team = await people.new_team(access_of(bench), "Film")
    made = await data(ada, "POST", "projects", {"name": "Short film"})
    path = f"/api/account/projects/{made['id']}"

    assert (await ada.ask("PUT", f"{path}/team", {"teamId": team.id})).status == 404
    assert (await eve.ask("PUT", f"{path}/team", {"teamId": None})).status == 404
    assert (await eve.ask("PATCH", path, {"name": "Mine"})).status == 404


async def test_a_home_stays_its_owners(bench: Bench, ada: Browser):
    [home] = await data(ada, "GET", "projects")
    access = access_of(bench)
    team = await people.new_team(access, "Film")
    await people.put_member(access, team.id, (await people.find(access, "ada")).id)

    answer = await ada.ask("PUT", f"/api/account/projects/{home['id']}/team", {"teamId": team.id})

    assert answer.status == 400
    assert (await ada.ask("GET", "/api/auth/me")).status == 200


async def test_an_export_has_everything_of_oneself_and_nothing_of_anybody_else(bench: Bench, ada: Browser):
    eve = await entered(bench, "eve")
    await data(ada, "PATCH", "profile", {"email": "ada@example.com"})
    made = await data(ada, "POST", "keys", {"name": "script"})
    mine = [(await ada.ask("POST", "/v1/videos", WISH)).json()["id"] for _ in range(3)]
    await eve.ask("POST", "/v1/videos", {**WISH, "prompt": "eve's secret"})
    hook = {"url": "https://93.184.216.34/", "event_types": ["video.failed"]}
    for browser, name in ((ada, "pager"), (eve, "eve's")):
        answer = await browser.ask("POST", "/v1/webhook_endpoints", {**hook, "name": name})
        assert answer.status == 200, answer.body

    answer = await ada.ask("GET", "/api/account/export")

    found = answer.json()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert [video["id"] for video in found["videos"]] == mine
    assert found["user"]["email"] == "ada@example.com"
    assert [key["name"] for key in found["keys"]] == ["script"]
    assert len(found["signIns"]) == 1
    assert found["preferences"]["notifications"]["mailBudget"] is True
    assert [(hook["name"], "secret" in str(hook)) for hook in found["webhooks"]] == [("pager", False)]
    assert {deed["action"] for deed in found["activity"]} >= {"sign_in", "POST /api/account/keys"}
    text = answer.body.decode()
    assert made["key"] not in text
    assert "argon2" not in text
    assert "eve's" not in text
    assert '"eve"' not in text


async def test_a_list_is_read_page_by_page(ada: Browser):
    for number in range(5):
        await data(ada, "POST", "keys", {"name": f"k{number}"})

    first = (await ada.ask("GET", "/api/account/keys?limit=3")).json()
    second = (await ada.ask("GET", f"/api/account/keys?limit=3&after={first['lastId']}")).json()

    assert [k["name"] for k in first["data"] + second["data"]] == ["k4", "k3", "k2", "k1", "k0"]
    assert (first["hasMore"], second["hasMore"]) == (True, False)


async def test_a_key_tells_what_programs_did_with_it(bench: Bench, ada: Browser):
    used = (await data(ada, "POST", "keys", {"name": "bot"}))["key"]
    await data(ada, "POST", "keys", {"name": "idle"})
    made = [(await bench.post("/v1/videos", WISH, key=used)).json()["id"] for _ in range(2)]

    def paid(conn: Connection) -> str:
        task = task_rows.get(conn, made[0])
        assert task is not None
        assert close(conn, bench.ctx, task, owed=task.quote)
        return show(task.quote)

    amount = await bench.ctx.backend.write(paid)

    usage = {one["name"]: one["usage"] for one in await data(ada, "GET", "keys")}
    assert usage["idle"] == {"videos": 0, "charged": []}
    assert usage["bot"] == {"videos": 2, "charged": [{"currency": "USD", "amount": amount}]}


async def test_what_one_prefers_is_kept_and_changed_piece_by_piece(bench: Bench, ada: Browser):
    before = await data(ada, "GET", "preferences")
    await data(ada, "PATCH", "preferences", {"language": "zh-CN", "notifications": {"mailFinished": True}})
    after = await data(ada, "PATCH", "preferences", {"notifications": {"sound": True, "mailBudget": False}})
    back = await data(ada, "PATCH", "preferences", {"language": "auto"})

    usual = {
        "toast": True,
        "sound": False,
        "browser": False,
        "mailFinished": False,
        "mailFailed": False,
        "mailBudget": True,
        "mailWebhooks": True,
    }
    assert before == {"language": "auto", "notifications": usual, "mailsSent": False}
    told = {**usual, "mailFinished": True, "sound": True, "mailBudget": False}
    assert (after["language"], after["notifications"]) == ("zh-CN", told)
    assert (back["language"], back["notifications"]) == ("auto", told)
    assert await data(await entered(bench, "eve"), "GET", "preferences") == before
    for wrong, param in (
        ({"language": "de"}, "language"),
        ({"notifications": {"toast": 1}}, "notifications.toast"),
    ):
        answer = await ada.ask("PATCH", "/api/account/preferences", wrong)
        assert (answer.status, answer.error["param"]) == (400, param)
