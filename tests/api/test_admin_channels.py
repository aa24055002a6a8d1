"""Channels, keys, dialects and aliases as the studio and scripts of operators have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from reelgate.api.admin.models import OperatedModels
from reelgate.app import load_dialects
from reelgate.auth.scopes import Scope
from reelgate.core.health import Health, State
from reelgate.store import channel_health as health_rows
from reelgate.testing.simulators import Script, Simulator, families
from tests.api.harness import Answer, Bench

CHANNELS = "/api/admin/channels"
SECRET = "sk-canary-upstream-1f9b27c0"
NEW = {
    "name": "relay",
    "dialect": "openai_videos",
    "base_url": "https://upstream.example/v1",
    "models": {"fast": "sora-like-1"},
    "secret": SECRET,
}


@pytest.fixture
async def admin(bench: Bench) -> Bench:
    """An installation with every dialect, asked by its administrator."""
    dialects, profiles = load_dialects()
    cast("dict[str, Any]", bench.ctx.dialects).update(dialects)
    cast("dict[str, Any]", bench.ctx.profiles).update(profiles)
    bench.key = await bench.new_key(frozenset({Scope.ADMIN}))
    return bench


async def change(bench: Bench, target: str, value: Any, method: str = "PATCH") -> Answer:
    headers = {"content-type": "application/json"}
    return await bench.ask(method, target, body=json.dumps(value).encode(), headers=headers)


async def connected(bench: Bench, **more: Any) -> dict[str, Any]:
    made = await bench.post(CHANNELS, {**NEW, **more})
    assert made.status == 201, made.body
    return made.json()


async def test_a_channel_is_connected_shown_changed_and_removed_and_its_secret_never_comes_out(admin: Bench):
    made = await connected(admin, settings={"auth": "api-key"}, prices={"fast": {"per_second": "0.10"}})
    one = f"{CHANNELS}/{made['id']}"

    changed = await change(
        admin, one, {"priority": 5, "poll_policy": "fixed:7", "prices": {}, "name": "other"}
    )
    again = await admin.ask("GET", one)
    listed = await admin.ask("GET", CHANNELS)

    assert made["prices"] == {"fast": {"per_second": "0.10", "per_clip": None}}
    assert (made["settings"], made["switch"], made["usable"]) == ({"auth": "api-key"}, "enabled", True)
    assert [key["name"] for key in made["keys"]] == ["main"]
    assert changed.status == 200, changed.body
    shown = again.json()
    assert (shown["name"], shown["priority"], shown["poll_policy"], shown["prices"]) == (
        "other",
        5,
        "fixed:7",
        {},
    )
    assert shown["models"] == NEW["models"]
    assert {one["name"] for one in listed.json()["data"]} == {"one", "other"}
    assert not any(SECRET.encode() in answer.body for answer in (changed, again, listed))
    assert (await change(admin, one, {"poll_policy": None})).json()["poll_policy"] is None
    assert (await admin.ask("DELETE", one)).json() == {"id": made["id"], "object": "channel", "deleted": True}
    assert (await admin.ask("GET", one)).status == 404


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"settings": {"auth": "basic"}}, "settings.auth"),
        ({"settings": {"list_complete": "yes"}}, "settings.list_complete"),
        ({"dialect": "esperanto"}, "dialect"),
        ({"base_url": "ftp://upstream.example"}, "base_url"),
        ({"base_url": "http://[::"}, "base_url"),
        ({"base_url": "http://10.0.0.5/v1"}, "base_url"),
        ({"models": {}}, "models"),
        ({"models": {"a": " "}}, "models"),
        ({"name": ""}, "name"),
        ({"name": "one"}, "name"),
        ({"concurrency": 0}, "concurrency"),
        ({"poll_policy": "sometimes"}, "poll_policy"),
        ({"prices": {"fast": {"per_clip": "-1"}}}, "prices.fast.per_clip"),
        ({"prices": {"fast": {"per_week": "1"}}}, "prices[...].per_week"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_so_is_refused_naming_the_field(admin: Bench, wrong: dict[str, Any], param: str):
    refused = await admin.post(CHANNELS, {**NEW, **wrong})

    assert refused.status == 400, refused.body
    assert refused.error["param"] == param
    assert len((await admin.ask("GET", CHANNELS)).json()["data"]) == 1


async def test_a_change_is_judged_like_a_new_channel(admin: Bench):
    made = await connected(admin)
    one = f"{CHANNELS}/{made['id']}"

    for wrong, param in (
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"name": "one"}, "name"),
        ({"base_url": "http://169.254.169.254"}, "base_url"),
        ({"weight": None}, "weight"),
    ):
        refused = await change(admin, one, wrong)
        assert (refused.status, refused.error["param"]) == (400, param)
    assert (await admin.ask("GET", one)).json()["settings"] == {}


async def test_a_channel_is_drained_paused_and_resumed_and_forgets_what_was_held_against_it(admin: Bench):
    made = await connected(admin)
    one = f"{CHANNELS}/{made['id']}"
    now = admin.clock.now_ms()
    ill = Health(
        id=made["id"],
        channel_id=made["id"],
        state=State.OUT,
        why="No answer.",
        since=now,
        next_at=now + 60_000,
    )
    await admin.ctx.backend.write(lambda conn: health_rows.put(conn, ill, now))

    out = (await admin.ask("GET", f"{one}/health")).json()
    drained = (await admin.ask("POST", f"{one}/drain")).json()
    paused = (await admin.ask("POST", f"{one}/pause")).json()
    resumed = (await admin.ask("POST", f"{one}/resume")).json()

    assert (out["usable"], out["health"]["state"], out["health"]["why"]) == (False, "out", "No answer.")
    assert out["health"]["next_try"] == (now + 60_000) // 1000
    assert (drained["switch"], drained["enabled"]) == ("draining", True)
    assert (paused["switch"], paused["usable"]) == ("disabled", False)
    assert (resumed["switch"], resumed["usable"], resumed["health"]["state"]) == ("enabled", True, "well")


async def test_keys_are_added_changed_and_wiped_and_never_shown(admin: Bench):
    made = await connected(admin)
    keys = f"{CHANNELS}/{made['id']}/keys"

    added = await admin.post(keys, {"name": "second", "secret": SECRET + "-2"})
    off = await change(admin, f"{keys}/{added.json()['id']}", {"enabled": False, "secret": SECRET + "-3"})
    twice = await admin.post(keys, {"name": "second", "secret": "x"})
    listed = await admin.ask("GET", keys)
    opened = admin.ctx.channels.get(made["id"], added.json()["id"])

    assert added.status == 201
    assert (off.json()["enabled"], off.json()["readable"]) == (False, True)
    assert (twice.status, twice.error["param"]) == (400, "name")
    assert [key["name"] for key in listed.json()["data"]] == ["main", "second"]
    assert opened is not None
    assert opened.secret == SECRET + "-3"
    assert b"canary" not in added.body + off.body + listed.body
    assert (await admin.ask("DELETE", f"{keys}/{added.json()['id']}")).status == 200
    assert (await admin.ask("DELETE", f"{keys}/{added.json()['id']}")).status == 404


async def test_a_channel_is_tried_against_its_upstream_without_paying(admin: Bench, tmp_path: Path):
    family = families()["openai_videos"]
    async with Simulator(family, Script(key=family.key), bill_path=tmp_path / "bill") as upstream:
        given = {
            "base_url": upstream.base_url,
            "self_hosted": True,
            "models": {"fast": family.model, "gone": "gone-1"},
        }
        made = await connected(admin, **given, secret=family.key)
        one = f"{CHANNELS}/{made['id']}"
        good = (await admin.ask("POST", f"{one}/test")).json()
        await admin.post(f"{one}/keys", {"name": "bad", "secret": "sk-wrong"})
        bad = (await admin.ask("POST", f"{one}/test")).json()
        looked = (await admin.post("/api/admin/models/doctor", {"channels": [made["id"]]})).json()
        charged = upstream.creates

    assert good["works"] is True, good
    assert good["report"]["keys"][0]["auth"] == "accepted"
    assert good["report"]["missing"] == ["gone-1"]
    assert good["clip"]["model"] in ("fast", "gone")
    assert bad["works"] is False
    assert {key["key"]: key["auth"] for key in bad["report"]["keys"]} == {
        "main": "accepted",
        "bad": "refused",
    }
    assert looked["sound"] is False
    assert "gone" in {d["model"] for d in looked["channels"][0]["differences"]}
    assert charged == 0


async def test_every_dialect_shows_the_form_of_its_settings(admin: Bench):
    listed = (await admin.ask("GET", "/api/admin/dialects")).json()["data"]
    one = (await admin.ask("GET", "/api/admin/dialects/openai_videos")).json()

    forms = {dialect["name"]: dialect["settings"] for dialect in listed}
    assert forms.pop("scripted") is None
    assert len(forms) >= 34
    for form in forms.values():
        assert form["type"] == "object"
        assert form["additionalProperties"] is False
        assert all("description" in field for field in form["properties"].values()), form["properties"]
    assert one["settings"]["properties"]["auth"]["enum"] == ["api-key", "bearer"]
    assert one["base_path"] == "/v1"
    assert (await admin.ask("GET", "/api/admin/dialects/esperanto")).status == 404


async def test_settings_are_looked_at_before_a_channel_has_them(admin: Bench):
    fine = await admin.post("/api/admin/dialects/kling/check", {"settings": {"auth": "key"}})
    unknown = await admin.post("/api/admin/dialects/kling/check", {"settings": {"colour": 1}})
    recipe = await admin.post("/api/admin/dialects/recipe/check", {"settings": {"recipe": "not = toml ="}})

    assert fine.json() == {"ok": True, "param": None, "reason": None}
    assert (unknown.json()["ok"], unknown.json()["param"]) == (False, "colour")
    assert (recipe.json()["ok"], recipe.json()["param"]) == (False, "recipe")


async def test_a_recipe_to_start_from_ships_with_its_dialect(admin: Bench):
    """What is offered as a start is what the same route says can be used."""
    shown = (await admin.ask("GET", "/api/admin/dialects/recipe")).json()
    plain = (await admin.ask("GET", "/api/admin/dialects/kling")).json()

    assert len(shown["starts"]) >= 2
    for start in shown["starts"]:
        assert start["name"]
        checked = await admin.post("/api/admin/dialects/recipe/check", {"settings": start["settings"]})
        assert checked.json()["ok"], start["name"]
    assert plain["starts"] == []


async def test_models_are_shown_with_their_channels_and_their_ends(admin: Bench):
    await connected(
        admin, name="ended", models={"old": "old-1"}, settings={"sunset": {"old-1": "2020-01-01"}}
    )

    found = (await admin.ask("GET", "/api/admin/models")).json()

    demo = next(one for one in found["data"] if one["id"] == "demo")
    assert demo["channels"] == ["one"]
    assert [(one["model"], one["sunset"]["state"]) for one in found["endings"]] == [("old", "ended")]
    msgspec.convert(found, OperatedModels)


async def test_a_name_stands_for_a_living_model_only(admin: Bench):
    ended = await connected(
        admin, name="ended", models={"old": "old-1"}, settings={"sunset": {"old-1": "2020-01-01"}}
    )
    assert ended["endings"]["old"]["state"] == "ended"
    await connected(
        admin, name="dying", models={"dying": "dying-1"}, settings={"sunset": {"dying-1": "2999-01-01"}}
    )

    put = await change(admin, "/api/admin/aliases/house", {"model": "demo"}, "PUT")
    retired = await change(admin, "/api/admin/aliases/house", {"model": "old"}, "PUT")
    unknown = await change(admin, "/api/admin/aliases/house", {"model": "nobody"}, "PUT")
    itself = await change(admin, "/api/admin/aliases/demo", {"model": "demo"}, "PUT")
    suggested = await admin.ask("GET", "/api/admin/aliases/old/suggestions")
    listed = (await admin.ask("GET", "/api/admin/aliases")).json()["data"]

    assert put.json() == {
        "name": "house",
        "model": "demo",
        "served": True,
        "own": False,
        "sunset": None,
        "object": "alias",
    }
    assert (retired.status, retired.error["code"]) == (404, "model_retired")
    assert (unknown.status, unknown.error["param"]) == (404, "model")
    assert itself.status == 400
    assert "demo" in suggested.json()["suggestions"]
    assert [one["model"] for one in suggested.json()["heirs"]] == suggested.json()["suggestions"]
    assert suggested.json()["suggestions"][-1] == "dying", "what ends itself is suggested last"
    assert {one["name"]: one["model"] for one in listed} == {"house": "demo", "sora-2": "demo"}
    assert (await admin.ask("DELETE", "/api/admin/aliases/house")).status == 200
    assert (await admin.ask("DELETE", "/api/admin/aliases/house")).status == 404


async def test_only_an_administrator_gets_anywhere_near(admin: Bench):
    everyday = await admin.new_key()
    for method, path in (
        ("GET", CHANNELS),
        ("GET", "/api/admin/dialects"),
        ("GET", "/api/admin/aliases"),
        ("POST", f"{CHANNELS}/chan_x/test"),
    ):
        assert (await admin.ask(method, path, key=everyday)).status == 403
        assert (await admin.ask(method, path, key=None)).status == 401


def test_the_document_says_what_these_routes_take_and_give(admin: Bench):
    paths = admin.app.openapi()["paths"]
    post = paths[CHANNELS]["post"]
    shown = post["responses"]["201"]["content"]["application/json"]["schema"]

    assert "secret" in post["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert "secret" not in shown["properties"]
    assert shown["properties"]["health"]["properties"]["state"]["enum"] == [
        "cooling",
        "out",
        "paused",
        "well",
    ]
    assert "patch" in paths[f"{CHANNELS}/{{channel_id}}"]
