"""The library: what is shown of tasks, files and characters, under any filter, in any project."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any
from urllib.parse import quote

from reelgate.auth.scopes import Scope
from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.engine import sweep
from tests.api.harness import Bench, png

ITEMS = "/api/library/items"


async def listed(bench: Bench, query: str = "", **more: Any) -> list[str]:
    answer = await bench.ask("GET", f"{ITEMS}?{quote(query, safe='=&%+,')}", **more)
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.json()["data"]]


async def patch(bench: Bench, item_id: str, **change: Any) -> Any:
    headers = {"content-type": "application/json"}
    body = json.dumps(change).encode()
    return await bench.ask("PATCH", f"{ITEMS}/{item_id}", body=body, headers=headers)


async def changed(bench: Bench, item_id: str, **change: Any) -> dict[str, Any]:
    answer = await patch(bench, item_id, **change)
    assert answer.status == 200, answer.body
    return answer.json()


async def several(bench: Bench, count: int, prompt: str = "a red kite") -> list[str]:
    """Make tasks a second apart; gives their ids, the newest first."""
    made: list[str] = []
    for number in range(count):
        made.insert(0, await bench.made(f"{prompt} {number}"))
        await bench.clock.advance(1.0)
    return made


async def test_a_tile_exists_from_the_moment_of_submit_and_follows_its_task(bench: Bench) -> None:
    video = await bench.made("a red kite")

    assert await listed(bench) == [video]
    await bench.run(video)
    [running] = (await bench.ask("GET", ITEMS)).json()["data"]
    await bench.move(video, Status.ARCHIVING)

    assert (running["status"], running["progress"], running["phase"]) == ("running", 10, None)
    assert (await bench.ask("GET", ITEMS)).json()["data"][0]["status"] == "archiving"


async def test_progress_nobody_reported_is_null_and_not_zero(bench: Bench) -> None:
    await bench.made()

    [shown] = (await bench.ask("GET", ITEMS)).json()["data"]

    assert shown["progress"] is None
    assert shown["media"]["video"] is None


async def test_a_finished_item_says_where_its_files_are_and_how_its_sheet_is_laid_out(bench: Bench) -> None:
    video = await bench.made()
    await bench.complete(video)

    media = (await bench.ask("GET", f"{ITEMS}/{video}")).json()["media"]

    assert (media["width"], media["height"], media["seconds"]) == (64, 64, 4.0)
    sheet = media["spritesheet"]
    assert (sheet["columns"], sheet["rows"], sheet["count"], sheet["seconds"]) == (5, 4, 20, 4.0)
    for address in (media["video"], media["poster"], sheet["url"]):
        assert (await bench.ask("GET", address)).status == 200


async def test_a_failure_says_whose_side_what_was_charged_and_what_to_do(bench: Bench) -> None:
    video = await bench.made()
    await bench.fail(video, error=Failure(code=Code.CONTENT_POLICY, message="Refused."))

    error = (await bench.ask("GET", f"{ITEMS}/{video}")).json()["error"]

    # Nothing has settled it: the money is held, whatever becomes of such failures as a rule.
    assert (error["code"], error["side"], error["charge"]) == ("content_policy", "caller", "held")
    assert error["next_step"]


async def test_pages_go_both_ways_and_give_every_item_once(bench: Bench) -> None:
    made = await several(bench, 7)

    first = (await bench.ask("GET", f"{ITEMS}?limit=3")).json()
    second = (await bench.ask("GET", f"{ITEMS}?limit=3&after={first['next']}")).json()
    third = (await bench.ask("GET", f"{ITEMS}?limit=3&after={second['next']}")).json()
    back = (await bench.ask("GET", f"{ITEMS}?limit=3&before={third['previous']}")).json()

    pages = [[one["id"] for one in page["data"]] for page in (first, second, third)]
    assert pages == [made[:3], made[3:6], made[6:]]
    assert (first["previous"], third["next"]) == (None, None)
    assert [one["id"] for one in back["data"]] == made[3:6]
    assert back["next"] == second["next"]


async def test_a_page_is_not_shifted_by_what_is_made_meanwhile(bench: Bench) -> None:
    made = await several(bench, 4)
    first = (await bench.ask("GET", f"{ITEMS}?limit=2")).json()

    await several(bench, 2)

    assert await listed(bench, f"limit=2&after={first['next']}") == made[2:]


async def test_every_order_pages_through_everything(bench: Bench) -> None:
    made = await several(bench, 5)
    for sort, order in itertools.product(("created", "duration", "cost"), ("asc", "desc")):
        seen: list[str] = []
        place = ""
        for _ in range(4):
            answer = (await bench.ask("GET", f"{ITEMS}?limit=2&sort={sort}&order={order}{place}")).json()
            seen += [one["id"] for one in answer["data"]]
            place = f"&after={answer['next']}"

            if answer["next"] is None:
                break
        assert seen == (made[::-1] if order == "asc" else made), (sort, order)


async def test_filters_leave_what_fits_and_facets_say_how_much(bench: Bench) -> None:
    done, failed, waiting = await bench.made("one"), await bench.made("two"), await bench.made("three")
    await bench.complete(done)
    await bench.fail(failed)
    await changed(bench, done, favourite=True, rating=4)

    assert await listed(bench, "status=completed") == [done]
    assert sorted(await listed(bench, "status=failed,queued")) == sorted([failed, waiting])
    assert await listed(bench, "favourite=true") == [done]
    assert await listed(bench, "rating=4") == [done]
    assert await listed(bench, "rating=5") == []
    assert await listed(bench, "aspect=1:1&model=sora-2&kind=task&status=failed") == [failed]
    assert await listed(bench, "model=another") == []
    facets = (await bench.ask("GET", "/api/library/facets?status=completed")).json()
    assert facets["total"] == 1
    assert {one["value"]: one["count"] for one in facets["status"]} == {
        "completed": 1,
        "failed": 1,
        "queued": 1,
    }
    assert facets["model"] == [{"value": "sora-2", "count": 1}]


async def test_bounds_of_time_length_and_cost_belong_to_what_is_asked_for(bench: Bench) -> None:
    old = await bench.made("old")
    made_at = (await bench.ask("GET", f"{ITEMS}/{old}")).json()["created_at"]
    await bench.clock.advance(86_400.0)
    new = await bench.made("new", seconds="8")
    cost = float((await bench.ask("GET", f"{ITEMS}/{new}")).json()["cost"]["quoted"])

    assert await listed(bench, f"created_to={made_at}") == [old]
    assert await listed(bench, f"created_from={made_at + 1}") == [new]
    assert await listed(bench, "seconds_from=8") == [new]
    assert await listed(bench, "seconds_to=7.9") == [old]
    assert await listed(bench, f"cost_from={cost}") == ([new, old] if cost == 0 else [new])


WORDS = {
    "q=海边": ["sea"],
    "q=日落": ["sea"],
    "q=海边日落": ["sea"],
    "q=海日": [],
    "q=猫": ["cat"],
    "q=KITE": ["kite"],
    "q=kit": ["kite"],
    "q=red+cafe": ["kite"],
    "q=red+cat": [],
    "q=%22%27*)(:&|!": ["cat", "kite", "sea"],
}


async def test_words_are_found_chinese_ones_too(bench: Bench) -> None:
    names = {
        await bench.made("金色的海边日落，慢镜头"): "sea",
        await bench.made("一只猫"): "cat",
        await bench.made("A red kite over a café"): "kite",
    }

    found = {query: sorted(names[one] for one in await listed(bench, query)) for query in WORDS}

    assert found == WORDS


async def test_names_tags_and_notes_are_found_and_follow_their_changes(bench: Bench) -> None:
    video = await bench.made("x")
    shown = await changed(bench, video, name="开场镜头", tags=["客户甲", "draft"], notes="for Friday")

    assert (shown["name"], shown["notes"]) == ("开场镜头", "for Friday")
    for word in ("开场", "客户甲", "draft", "friday"):
        assert await listed(bench, f"q={word}") == [video]
    [tag] = [one for one in shown["tags"] if one["name"] == "draft"]
    assert await listed(bench, f"tag={tag['id']}") == [video]
    body = json.dumps({"name": "final"}).encode()
    headers = {"content-type": "application/json"}
    await bench.ask("PATCH", f"/api/library/tags/{tag['id']}", body=body, headers=headers)
    assert await listed(bench, "q=draft") == []
    assert await listed(bench, "q=final") == [video]
    await bench.ask("DELETE", f"/api/library/tags/{tag['id']}")
    assert await listed(bench, "q=final") == []


async def test_folders_hold_items_and_leave_them_when_they_go(bench: Bench) -> None:
    inside, outside = await bench.made("one"), await bench.made("two")
    folder = (await bench.post("/api/library/folders", {"name": "Trailer"})).json()["id"]

    await changed(bench, inside, folder_id=folder)

    assert await listed(bench, f"folder={folder}") == [inside]
    assert await listed(bench, "folder=none") == [outside]
    [shown] = (await bench.ask("GET", "/api/library/folders")).json()["data"]
    assert (shown["name"], shown["items"]) == ("Trailer", 1)
    assert (await bench.post("/api/library/folders", {"name": "Trailer"})).error["param"] == "name"
    await bench.ask("DELETE", f"/api/library/folders/{folder}")
    assert sorted(await listed(bench, "folder=none")) == sorted([inside, outside])


async def test_many_items_are_changed_at_once_and_strangers_are_skipped(bench: Bench) -> None:
    made = await several(bench, 3)
    foreign = await bench.stranger()
    theirs = (await bench.post("/v1/videos", {"prompt": "x", "size": "64x64"}, key=foreign)).json()["id"]

    done = (
        await bench.post(
            "/api/library/bulk", {"action": "add_tags", "ids": [*made, theirs], "value": ["keep"]}
        )
    ).json()
    await bench.post("/api/library/bulk", {"action": "trash", "ids": made[:2]})

    assert sorted(done["changed"]) == sorted(made)
    assert done["skipped"] == [theirs]
    assert await listed(bench) == made[2:]
    assert sorted(await listed(bench, "trashed=true")) == sorted(made[:2])
    await bench.post("/api/library/bulk", {"action": "restore", "ids": made})
    assert await listed(bench) == made


async def test_deleting_everything_needs_the_name_of_the_project_typed(bench: Bench) -> None:
    made = await several(bench, 2)

    refused = await bench.post("/api/library/trash/all", {"confirm": "yes"})
    thrown = await bench.post("/api/library/trash/all", {"confirm": "default"})

    assert (refused.status, refused.error["param"]) == (400, "confirm")
    assert "default" in refused.error["message"]
    assert thrown.json() == {"items": 2}
    assert await listed(bench) == []
    shown = (await bench.ask("GET", f"{ITEMS}/{made[0]}")).json()
    assert shown["purge_at"] - shown["trashed_at"] == bench.ctx.rules.trash_keep_s * 1000
    assert (await bench.post("/api/library/trash/empty", {"confirm": "default"})).json() == {"items": 2}
    assert (await bench.ask("GET", f"{ITEMS}/{made[0]}")).status == 404
    assert (await bench.ask("GET", f"/v1/videos/{made[0]}")).status == 404


async def test_a_deleted_video_leaves_the_library(bench: Bench) -> None:
    video = await bench.made()
    assert await listed(bench) == [video]

    await bench.ask("DELETE", f"/v1/videos/{video}")

    assert await listed(bench) == []
    assert (await bench.ask("GET", f"{ITEMS}/{video}")).status == 404


async def test_a_strangers_item_is_not_there(bench: Bench) -> None:
    video = await bench.made()
    folder = (await bench.post("/api/library/folders", {"name": "mine"})).json()["id"]
    tag = (await bench.post("/api/library/tags", {"name": "mine"})).json()["id"]
    foreign = await bench.stranger()

    assert await listed(bench, key=foreign) == []
    for method, path in (
        ("GET", f"{ITEMS}/{video}"),
        ("PATCH", f"{ITEMS}/{video}"),
        ("DELETE", f"{ITEMS}/{video}"),
        ("GET", f"{ITEMS}/{video}/inputs/0"),
        ("PATCH", f"/api/library/folders/{folder}"),
        ("DELETE", f"/api/library/folders/{folder}"),
        ("PATCH", f"/api/library/tags/{tag}"),
        ("DELETE", f"/api/library/tags/{tag}"),
        ("GET", f"{ITEMS}?project=proj_default"),
    ):
        body = json.dumps({"name": "x"}).encode() if method == "PATCH" else b""
        headers = {"content-type": "application/json"}
        answer = await bench.ask(method, path, body=body, headers=headers, key=foreign)
        assert (answer.status, answer.error["code"]) == (404, "not_found"), (method, path)
    assert await listed(bench) == [video]


async def test_uploads_are_shown_where_they_are_asked_for(bench: Bench) -> None:
    video = await bench.made()
    answer = await bench.form("/v1/files", [("purpose", "vision"), ("file", "风筝.png", "image/png", png())])
    upload = answer.json()["id"]

    assert await listed(bench) == [video]
    [shown] = (await bench.ask("GET", f"{ITEMS}?kind=upload&q={quote('风筝')}")).json()["data"]
    assert (shown["id"], shown["kind"], shown["name"]) == (upload, "upload", "风筝.png")
    assert (await bench.ask("GET", shown["media"]["picture"])).status == 200
    await bench.ask("DELETE", f"/v1/files/{upload}")
    assert await listed(bench, "kind=upload") == []


async def test_an_upload_whose_time_has_passed_leaves_the_library_and_its_counts(bench: Bench) -> None:
    later = [
        ("purpose", "vision"),
        ("expires_after[anchor]", "created_at"),
        ("expires_after[seconds]", "3600"),
    ]
    for fields in (later, [("purpose", "vision")]):
        part = ("file", "风筝.png", "image/png", png())
        assert (await bench.form("/v1/files", [*fields, part])).status == 200
    uploads = [one["id"] for one in (await bench.ask("GET", f"{ITEMS}?kind=upload")).json()["data"]]
    await bench.post("/api/library/bulk", {"action": "add_tags", "ids": uploads, "value": ["good"]})

    await bench.clock.advance(3_601)
    await sweep.forget_old(bench.ctx)

    assert await listed(bench, "kind=upload") == uploads[:1]
    facets = (await bench.ask("GET", "/api/library/facets?kind=upload")).json()
    assert facets["total"] == 1
    assert [tag["count"] for tag in facets["tag"]] == [1]
    assert len(await listed(bench, f"kind=upload&q={quote('风筝')}")) == 1


async def test_only_operators_see_and_filter_channels(bench: Bench) -> None:
    await bench.made()
    admin = await bench.new_key(frozenset({Scope.ADMIN}))

    assert (await bench.ask("GET", ITEMS)).json()["data"][0]["channel_id"] is None
    assert (await bench.ask("GET", f"{ITEMS}?channel=chan_one")).status == 403
    assert (await bench.ask("GET", "/api/library/facets")).json()["channel"] == []
    assert len(await listed(bench, "channel=chan_one", key=admin)) == 1


WRONG = {
    "limit=0": "limit",
    "limit=201": "limit",
    "sort=prompt": "sort",
    "order=up": "order",
    "after=!!!": "after",
    "after=WzEsMl0&before=WzEsMl0": "before",
    "status=happy": "status",
    "kind=cat": "kind",
    "rating=6": "rating",
    "favourite=maybe": "favourite",
    "cost_from=cheap": "cost_from",
    "created_from=yesterday": "created_from",
}


async def test_a_filter_that_is_wrong_is_named(bench: Bench) -> None:
    answers = {query: await bench.ask("GET", f"{ITEMS}?{query}") for query in WRONG}

    assert {query: answer.error["param"] for query, answer in answers.items()} == WRONG
    assert {answer.status for answer in answers.values()} == {400}


IMPOSSIBLE: list[dict[str, Any]] = [
    {"rating": 6},
    {"rating": "five"},
    {"name": "x" * 201},
    {"tags": ["  "]},
    {"folder_id": "fold_nope"},
    {"project_id": "proj_nope"},
]


async def test_a_change_that_cannot_be_is_named_and_nothing_is_changed(bench: Bench) -> None:
    video = await bench.made()
    for change in IMPOSSIBLE:
        answer = await patch(bench, video, favourite=True, **change)

        assert answer.error["param"] == next(iter(change))
        assert (await bench.ask("GET", f"{ITEMS}/{video}")).json()["favourite"] is False


async def test_a_detail_has_everything_a_page_about_a_video_shows(bench: Bench) -> None:
    parent = await bench.made("a red kite")
    await bench.complete(parent)
    child = (await bench.post(f"/v1/videos/{parent}/remix", {"prompt": "a blue kite"})).json()["id"]

    shown = (await bench.ask("GET", f"{ITEMS}/{child}")).json()
    above = (await bench.ask("GET", f"{ITEMS}/{parent}")).json()

    assert shown["parents"] == [{"id": parent, "kind": "task", "verb": "remix"}]
    assert above["children"] == [child]
    assert shown["request"]["prompt"] == "a blue kite"
    assert shown["effective"]["verb"] == "remix"
    assert (shown["attempts"], shown["upstream_id"], shown["shares"]) == ([], None, 0)
    assert shown["cost"]["charged"] is None


async def test_the_schema_names_what_the_library_takes_and_gives(bench: Bench) -> None:
    schema = (await bench.ask("GET", "/openapi.json", key=None)).json()

    page = schema["paths"]["/api/library/items"]["get"]["responses"]["200"]["content"]
    assert page["application/json"]["schema"] == {"$ref": "#/components/schemas/LibraryPage"}
    change = schema["paths"]["/api/library/items/{item_id}"]["patch"]["requestBody"]["content"]
    assert change["application/json"]["schema"] == {"$ref": "#/components/schemas/LibraryChange"}
    item = schema["components"]["schemas"]["LibraryItem"]
    assert set(item["required"]) == set(item["properties"])


async def test_lookers_at_the_same_time_see_the_same(bench: Bench) -> None:
    made = await several(bench, 5)

    seen = await asyncio.gather(*(listed(bench) for _ in range(8)))

    assert all(one == made for one in seen)
