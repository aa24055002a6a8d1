"""A caller sees what a request comes to before paying, and nothing is bent that was not allowed to be."""

from __future__ import annotations

import msgspec
import pytest

from reelgate.auth.scopes import Scope
from reelgate.core.dialect import Channel
from reelgate.store import channels as channel_rows
from reelgate.store import tasks as task_rows
from tests.api.harness import Bench

WISH = {"model": "demo", "prompt": "a red kite", "seconds": "8", "size": "64x64"}


async def _count(bench: Bench) -> int:
    counts = await bench.ctx.backend.read(task_rows.counts)
    return sum(counts.values())


async def test_a_dry_run_says_what_would_be_made_and_makes_nothing(bench: Bench):
    answer = await bench.post("/v1/videos?dry_run=true", WISH)

    shown = answer.json()
    assert (answer.status, shown["object"]) == (200, "video.effective")
    assert shown["effective"]["seconds"] == 8
    assert shown["effective"]["aspect_ratio"] == "1:1"
    assert shown["quote"] == {"amount": "0.80", "currency": "USD"}
    assert shown["usual"] == {"p50": 10.0, "p90": None, "source": "profile", "clips": 0}
    assert shown["channels"] == [{"accepted": True, "reason": "chosen", "detail": None}]
    assert await _count(bench) == 0
    assert bench.runner.enqueued.empty()


async def test_only_an_administrator_is_told_which_channels_there_are(bench: Bench):
    admin = await bench.new_key(frozenset({Scope.ADMIN}))

    shown = (await bench.post("/v1/videos?dry_run=1", WISH, key=admin)).json()

    assert shown["channels"][0]["name"] == "one"


async def test_what_was_left_to_the_model_is_named(bench: Bench):
    shown = (await bench.post("/v1/videos?dry_run=true", {"prompt": "a red kite"})).json()

    assert shown["effective"]["defaults"] == ["model", "seconds", "size"]
    assert (shown["effective"]["model"], shown["effective"]["served_by"]) == ("sora-2", "demo")


@pytest.mark.parametrize("query", ["dry_run=maybe", "dry_run="])
async def test_a_dry_run_that_is_neither_yes_nor_no_is_refused_and_makes_nothing(bench: Bench, query: str):
    answer = await bench.post(f"/v1/videos?{query}", WISH)

    assert (answer.status, answer.error["param"]) == (400, "dry_run")
    assert await _count(bench) == 0


async def test_an_impossible_value_is_refused_with_the_allowed_ones_also_in_a_dry_run(bench: Bench):
    for target in ("/v1/videos", "/v1/videos?dry_run=true"):
        answer = await bench.post(target, {**WISH, "seconds": "90"})

        assert (answer.status, answer.error["param"]) == (400, "seconds")
        assert "1 to 60" in answer.error["message"]
    assert await _count(bench) == 0


async def test_an_impossible_value_is_moved_only_when_allowed_and_then_told_everywhere(bench: Bench):
    wish = {**WISH, "seconds": "90", "negative_prompt": "fog", "adapt": True}

    made = (await bench.post("/v1/videos", wish)).json()

    assert made["seconds"] == "60"
    assert [(c["field"], c["from"], c["to"]) for c in made["adapted"]] == [
        ("seconds", 90, 60),
        ("negative_prompt", "fog", None),
    ]
    assert "1 to 60" in made["adapted"][0]["why"]
    read = (await bench.ask("GET", f"/v1/videos/{made['id']}")).json()
    assert read["adapted"] == made["adapted"]
    kept = (await bench.ask("GET", f"/v1/videos/{made['id']}/effective")).json()
    assert kept["adapted"] == made["adapted"]
    assert kept["effective"]["seconds"] == 60
    assert kept["quote"] == {"amount": "6.00", "currency": "USD"}


async def test_a_video_that_needed_no_change_says_nothing_of_changes(bench: Bench):
    made = (await bench.post("/v1/videos", {**WISH, "adapt": True})).json()

    assert "adapted" not in made


async def test_what_has_no_near_value_is_refused_even_when_changes_are_allowed(bench: Bench):
    answer = await bench.post("/v1/videos", {**WISH, "private": True, "adapt": True})

    assert (answer.status, answer.error["param"]) == (400, "private")


async def test_what_another_project_asked_for_is_not_shown(bench: Bench):
    video_id = await bench.made()

    answer = await bench.ask("GET", f"/v1/videos/{video_id}/effective", key=await bench.stranger())

    assert answer.status == 404


async def test_models_say_what_they_can_do_cost_and_take(bench: Bench):
    native = (await bench.ask("GET", "/api/models")).json()
    outward = (await bench.ask("GET", "/v1/models")).json()

    assert native == {"success": True, "data": outward["data"]}
    able = next(m for m in native["data"] if m["id"] == "demo")["video"]
    assert able["price"] == {"per_second": "0.10", "per_clip": "0.00", "currency": "USD"}
    assert able["usual"] == {"p50": 10.0, "p90": None, "source": "profile", "clips": 0}
    assert (able["seed"], able["watermark"], able["private"]) == (True, False, False)


async def test_an_operator_sees_every_attempt_with_the_reasons_for_it(bench: Bench):
    admin = await bench.new_key(frozenset({Scope.ADMIN}))
    video_id = await bench.made()

    shown = (await bench.ask("GET", f"/api/admin/tasks/{video_id}", key=admin)).json()
    unknown = await bench.ask("GET", f"/api/admin/tasks/{video_id[:-1]}0", key=admin)
    nobody = await bench.ask("GET", f"/api/admin/tasks/{video_id}")

    assert (shown["id"], shown["channel"], shown["attempts"]) == (video_id, "one", [])
    assert [(c["channel"], c["reason"]) for c in shown["candidates"]] == [("one", "chosen")]
    assert shown["effective"]["size"] == "64x64"
    assert (unknown.status, nobody.status) == (404, 403)


async def _ends(bench: Bench, day: str, *, alias: str | None = None) -> None:
    """Add a model that ends on a day on a channel of its own."""
    channel = Channel(
        id="chan_old",
        name="old",
        dialect="scripted",
        base_url="",
        models={"old": "scripted-1"},
        settings={"sunset": {"scripted-1": day}},
    )
    now = bench.clock.now_ms()
    await bench.ctx.backend.write(lambda conn: channel_rows.insert(conn, channel, now))
    if alias is not None:
        await bench.ctx.backend.write(lambda conn: channel_rows.put_alias(conn, "old", alias, now))
    await bench.ctx.channels.reload(bench.ctx.backend)


def _day(bench: Bench, days: int) -> str:
    from datetime import UTC, datetime, timedelta

    now = datetime.fromtimestamp(bench.clock.now_ms() / 1000, tz=UTC)
    return (now + timedelta(days=days)).date().isoformat()


async def test_answers_about_a_model_that_ends_say_so_in_their_headers(bench: Bench):
    await _ends(bench, _day(bench, 10))

    made = await bench.post("/v1/videos", {**WISH, "model": "old"})
    card = await bench.ask("GET", "/v1/models/old")
    read = await bench.ask("GET", f"/v1/videos/{made.json()['id']}")
    other = await bench.post("/v1/videos", WISH)

    for answer in (made, card, read):
        assert answer.headers["sunset"].endswith("00:00:00 GMT")
        assert answer.headers["deprecation"].startswith("@")
    assert "sunset" not in other.headers
    assert card.json()["sunset"]["state"] == "ending"
    assert card.json()["shutdown_date"] == _day(bench, 10)


async def test_a_model_is_gone_on_its_day_and_what_can_do_the_same_is_named(bench: Bench):
    await _ends(bench, _day(bench, 1))
    assert (await bench.post("/v1/videos", {**WISH, "model": "old"})).status == 200

    await bench.clock.advance(86_400)
    refused = await bench.post("/v1/videos", {**WISH, "model": "old"})
    card = await bench.ask("GET", "/v1/models/old")
    names = {m["id"] for m in (await bench.ask("GET", "/v1/models")).json()["data"]}

    assert (refused.status, refused.error["code"], refused.error["param"]) == (404, "model_retired", "model")
    assert "`demo`" in refused.error["message"]
    assert (card.status, card.error["code"]) == (404, "model_retired")
    assert names == {"demo", "sora-2"}


async def test_an_alias_takes_over_from_a_model_that_has_ended(bench: Bench):
    await _ends(bench, _day(bench, -1), alias="demo")

    made = (await bench.post("/v1/videos", {**WISH, "model": "old"})).json()
    card = (await bench.ask("GET", "/v1/models/old")).json()

    assert (made["model"], made["served_by"]) == ("old", "demo")
    assert card["alias_of"] == "demo"


async def test_operators_are_told_what_ends_and_what_could_follow(bench: Bench):
    await _ends(bench, _day(bench, 10))
    admin = await bench.new_key(frozenset({Scope.ADMIN}))

    shown = (await bench.ask("GET", "/api/admin/models", key=admin)).json()

    (ending,) = shown["endings"]
    assert (ending["model"], ending["channel"], ending["sunset"]["days_left"]) == ("old", "old", 10)
    assert [heir["model"] for heir in ending["heirs"]] == ["demo"]
    assert msgspec.json.decode(msgspec.json.encode(shown["data"]))[0]["channels"] == ["one"]
