"""The library handed on: queue, lineage, presets, links, parcels and recipes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

from reelgate.core import recipe
from reelgate.core.lifecycle import Status
from reelgate.store.invariants import violations
from reelgate.testing.upstream.clip import clip
from tests.api.harness import Answer, Bench

ITEMS = "/api/library/items"


def boxed(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), kind) + data


MP4 = boxed(b"ftyp", b"isom\0\0\2\0isom") + boxed(b"mdat", b"pictures" * 1000)


async def send(bench: Bench, method: str, path: str, value: Any = None, **more: Any) -> Answer:
    body = b"" if value is None else json.dumps(value).encode()
    return await bench.ask(method, path, body=body, headers={"content-type": "application/json"}, **more)


async def test_the_queue_has_lanes_places_and_says_what_cancelling_costs(bench: Bench) -> None:
    first, second, running = [await bench.made(word) for word in ("one", "two", "three")]
    done, doubtful = await bench.made("four"), await bench.made("five")
    await bench.run(running)
    await bench.complete(done, finished_at=bench.clock.now_ms())
    await bench.move(doubtful, Status.SUBMITTING)
    await bench.move(doubtful, Status.UNCONFIRMED)

    lanes = (await bench.ask("GET", "/api/library/queue")).json()

    ids = {
        name: [one["item"]["id"] for one in lane["data"]] for name, lane in lanes.items() if name != "usual"
    }
    assert ids == {"waiting": [first, second], "running": [running], "needs_you": [doubtful], "done": [done]}
    assert [one["position"] for one in lanes["waiting"]["data"]] == [1, 2]
    assert [one["cancelling"] for one in lanes["waiting"]["data"]] == ["free", "free"]
    assert lanes["needs_you"]["data"][0]["cancelling"] == "held"
    assert lanes["usual"]["sora-2"]["p50"] > 0
    foreign = (await bench.ask("GET", "/api/library/queue", key=await bench.stranger())).json()
    assert [foreign[name]["count"] for name in ids] == [0, 0, 0, 0]


async def test_lineage_goes_up_to_the_roots_and_down_again_with_what_each_step_changed(bench: Bench) -> None:
    root = await bench.made("a red kite")
    await bench.complete(root)
    left = (await bench.post(f"/v1/videos/{root}/remix", {"prompt": "a blue kite"})).json()["id"]
    right = (await bench.post(f"/v1/videos/{root}/remix", {"prompt": "a green kite"})).json()["id"]

    graph = (await bench.ask("GET", f"{ITEMS}/{left}/lineage")).json()

    assert {node["id"] for node in graph["nodes"]} == {root, left, right}
    assert {(e["source"], e["target"], e["how"]) for e in graph["edges"]} == {
        (root, left, "remix"),
        (root, right, "remix"),
    }
    [step] = [edge for edge in graph["edges"] if edge["target"] == left]
    assert step["changed"] == [{"field": "prompt", "old": "a red kite", "new": "a blue kite"}]
    assert (await bench.ask("GET", f"{ITEMS}/{left}/lineage", key=await bench.stranger())).status == 404


async def test_a_last_frame_ties_the_clip_it_is_from_to_what_is_made_with_it(bench: Bench) -> None:
    parent = await bench.made("a red kite")
    await bench.complete(parent, clip=clip())

    kept = (await send(bench, "POST", f"{ITEMS}/{parent}/last_frame")).json()
    child = await bench.made("and on", input_reference={"file_id": kept["file_id"]})
    graph = (await bench.ask("GET", f"{ITEMS}/{parent}/lineage")).json()

    assert (parent, child, "last_frame") in {(e["source"], e["target"], e["how"]) for e in graph["edges"]}
    assert (await bench.ask("GET", kept["url"])).status == 200
    again = (await send(bench, "POST", f"{ITEMS}/{child}/reuse")).json()["data"]
    assert [one["role"] for one in again] == ["first_frame"]
    assert (await bench.ask("GET", f"{ITEMS}/{child}/inputs/0")).status == 200


async def test_presets_are_ones_own_until_they_are_shared(bench: Bench) -> None:
    body = {"model": "sora-2", "seconds": 8, "suffix": "胶片感"}
    made = (await send(bench, "POST", "/api/library/presets", {"name": "Film", "body": body})).json()
    path = f"/api/library/presets/{made['id']}"

    changed = (await send(bench, "PUT", path, {"name": "Film 2", "body": body, "shared": True})).json()

    assert (changed["name"], changed["shared"], changed["mine"], changed["body"]) == (
        "Film 2",
        True,
        True,
        body,
    )
    assert (
        await send(bench, "PUT", path, {"name": "x", "body": {}}, key=await bench.stranger())
    ).status == 404
    assert (await send(bench, "POST", "/api/library/presets", {"name": "", "body": {}})).error[
        "param"
    ] == "name"
    await bench.ask("DELETE", path)
    assert (await bench.ask("GET", "/api/library/presets")).json() == {"data": []}


async def shared(bench: Bench, video: str, **wish: Any) -> tuple[str, dict[str, Any]]:
    """Make a link; gives the address that tells what is behind it."""
    made = (await send(bench, "POST", f"{ITEMS}/{video}/shares", wish)).json()
    return f"/api/library/shared/{made['path'].rsplit('/', 1)[1]}", made


async def test_a_link_shows_one_clip_to_anybody_until_it_ends(bench: Bench) -> None:
    video = await bench.made("a red kite")
    await bench.complete(video)
    address, made = await shared(bench, video, expires_at=bench.clock.now_ms() + 60_000)

    seen = (await bench.ask("GET", address, key=None)).json()

    assert (seen["locked"], seen["prompt"]) == (False, "a red kite")
    assert (await bench.ask("GET", seen["video"], key=None)).body == b"0123456789"
    listed = (await bench.ask("GET", f"{ITEMS}/{video}/shares")).json()["data"]
    assert (listed[0]["opened"], listed[0]["path"]) == (1, None)
    await bench.clock.advance(61.0)
    assert (await bench.ask("GET", address, key=None)).status == 404
    assert (await bench.ask("GET", seen["video"], key=None)).status == 404
    del made


async def test_a_link_with_a_password_tells_nothing_before_it(bench: Bench) -> None:
    video = await bench.made("a red kite")
    await bench.complete(video)
    address, made = await shared(bench, video, password="open sesame", hide_prompt=True)

    closed = (await bench.ask("GET", address, key=None)).json()
    wrong = await send(bench, "POST", address, {"password": "guess"}, key=None)
    opened = (await send(bench, "POST", address, {"password": "open sesame"}, key=None)).json()

    assert {name: value for name, value in closed.items() if value is not None} == {"locked": True}
    assert (wrong.status, wrong.error["param"]) == (403, "password")
    assert (opened["locked"], opened["prompt"], opened["name"]) == (False, None, None)
    assert (await bench.ask("GET", opened["video"].partition("?")[0], key=None)).status == 403
    assert (await bench.ask("GET", opened["video"], key=None)).status == 200
    assert (await bench.ask("DELETE", f"{ITEMS}/{video}/shares/{made['id']}")).status == 200
    assert (await bench.ask("GET", opened["video"], key=None)).status == 404


async def test_a_link_ends_with_the_trash_and_cannot_be_guessed_or_made_by_strangers(bench: Bench) -> None:
    video = await bench.made()
    await bench.complete(video)
    address, _ = await shared(bench, video)

    assert (
        await send(bench, "POST", f"{ITEMS}/{video}/shares", {}, key=await bench.stranger())
    ).status == 404
    assert (await bench.ask("GET", f"/api/library/shared/{'0' * 52}", key=None)).status == 404
    assert (await bench.ask("GET", "/api/library/shared/x", key=None)).status == 404
    await bench.ask("DELETE", f"{ITEMS}/{video}")
    assert (await bench.ask("GET", address, key=None)).status == 404


async def test_a_downloaded_clip_says_how_it_was_made_and_a_dropped_one_is_read(bench: Bench) -> None:
    video = await bench.made('风筝 & "kite" <b>', seed=7)
    await bench.complete(video, clip=MP4)

    clip_ = await bench.ask("GET", f"{ITEMS}/{video}/download")
    part = ("file", "x.mp4", "video/mp4", clip_.body)
    found = (await bench.form("/api/library/recipes/read", [part])).json()
    plain = (await bench.form("/api/library/recipes/read", [("file", "x.mp4", "video/mp4", MP4)])).json()

    assert clip_.body.startswith(MP4)
    assert int(clip_.headers["content-length"]) == len(clip_.body)
    assert (found["found"], found["item_id"]) == (True, video)
    assert (found["recipe"]["prompt"], found["recipe"]["seed"]) == ('风筝 & "kite" <b>', 7)
    assert plain == {"found": False, "recipe": None, "item_id": None}


def test_a_file_that_lies_about_its_boxes_has_no_recipe() -> None:
    for data in (
        b"",
        b"\0\0\0\1mdat",
        struct.pack(">I4s", 4, b"mdat"),
        struct.pack(">I4sQ", 1, b"mdat", 2**63),
        boxed(b"uuid", recipe.XMP + b'<reelgate:recipe>{"form":1}</reelgate:recipe>'),
        boxed(b"uuid", recipe.XMP + b"<reelgate:recipe>" + b"[" * 5000 + b"</reelgate:recipe>"),
        boxed(b"uuid", recipe.XMP + b"\xff\xfe"),
        boxed(b"free", b"") * 20_000,
    ):
        assert recipe.read(len(data), lambda at, size, data=data: data[at : at + size]) is None


async def test_many_clips_come_as_one_zip_and_everything_as_one_more(bench: Bench) -> None:
    """Row 000-47: what is kept can be had as files that people read, and no database server is asked."""
    made = [await bench.made(f"kite {n}/..\\: 风筝") for n in range(2)]
    for video in made:
        await bench.complete(video, clip=MP4)
    waiting = await bench.made("not yet")

    ticket = (await send(bench, "POST", "/api/library/zip", {"ids": [*made, "video_nope"]})).json()
    archive = zipfile.ZipFile(io.BytesIO((await bench.ask("GET", ticket["url"])).body))
    whole = zipfile.ZipFile(io.BytesIO((await bench.ask("GET", "/api/library/export")).body))

    names = archive.namelist()
    assert archive.testzip() is None
    assert [name[-4:] for name in names] == [".mp4", ".mp4", "json", "json"]
    assert not any("/" in name or "\\" in name or ".." in name for name in names)
    assert all(archive.read(name).startswith(MP4) for name in names[:2])
    written = whole.read("items.json").decode()
    assert written == json.dumps(json.loads(written), indent=2, ensure_ascii=False)
    told = {one["id"]: one for one in json.loads(written)}
    assert set(told) == {*made, waiting}
    assert told[made[0]]["recipe"]["prompt"] == "kite 0/..\\: 风筝"
    foreign = await bench.stranger()
    assert (await bench.ask("GET", ticket["url"], key=foreign)).status == 404
    await bench.clock.advance(3_601.0)
    assert (await bench.ask("GET", ticket["url"])).status == 404


async def test_a_clip_from_elsewhere_becomes_an_item_like_any_other_once(bench: Bench) -> None:
    parts = [
        ("file", "beach.mp4", "video/mp4", clip(seconds=2)),
        ("prompt", "海边的旧视频"),
        ("tags", '["2025", "旧"]'),
        ("created_at", "1700000000000"),
        ("favourite", "true"),
    ]

    first = (await bench.form("/api/library/import", parts)).json()
    again = (await bench.form("/api/library/import", parts)).json()
    shown = (await bench.ask("GET", f"{ITEMS}/{first['id']}")).json()

    assert again == {"id": first["id"], "known": True}
    assert (shown["kind"], shown["status"], shown["model"], shown["prompt"]) == (
        "clip",
        "completed",
        "imported",
        "海边的旧视频",
    )
    assert (shown["created_at"], shown["favourite"], shown["seconds"]) == (1_700_000_000_000, True, 2.0)
    assert [tag["name"] for tag in shown["tags"]] == ["2025", "旧"]
    assert (await bench.ask("GET", shown["media"]["poster"])).status == 200
    made = (await bench.post(f"/v1/videos/{first['id']}/remix", {"prompt": "on"})).json()
    assert made["remixed_from_video_id"] == first["id"]
    refused = await bench.form("/api/library/import", [("file", "x.mp4", "video/mp4", b"no clip")])
    assert (refused.status, refused.error["param"]) == (400, "file")


async def test_a_clip_that_carries_its_recipe_is_brought_in_with_it(bench: Bench) -> None:
    video = await bench.made("a red kite", seed=7)
    await bench.complete(video, clip=clip(seconds=1))
    taken_out = (await bench.ask("GET", f"{ITEMS}/{video}/download")).body

    brought = (await bench.form("/api/library/import", [("file", "a.mp4", "video/mp4", taken_out)])).json()

    shown = (await bench.ask("GET", f"{ITEMS}/{brought['id']}")).json()
    assert (shown["prompt"], shown["model"], shown["request"]["seed"]) == ("a red kite", "sora-2", 7)


async def test_a_character_is_kept_from_a_stretch_of_a_clip_and_lies_in_the_library(bench: Bench) -> None:
    part = ("file", "a.mp4", "video/mp4", clip(seconds=2))
    item = (await bench.form("/api/library/import", [part])).json()["id"]
    wish = {"item_id": item, "name": "阿明", "start_seconds": 0.5, "end_seconds": 1.5}

    made = (await bench.post("/api/library/characters", wish)).json()

    [shown] = (await bench.ask("GET", f"{ITEMS}?kind=character")).json()["data"]
    assert (shown["id"], shown["name"]) == (made["id"], "阿明")
    for address in (shown["media"]["picture"], shown["media"]["video"]):
        assert (await bench.ask("GET", address)).status == 200
    assert (await bench.post("/api/library/characters", {**wish, "end_seconds": 9})).error["param"]


async def test_the_lists_an_earlier_program_kept_are_understood_and_nothing_is_kept(bench: Bench) -> None:
    # 000-36, 000-48: `history.json` and `characters.json`, as far as they can be told.
    def form(kind: str, told: bytes) -> list[Any]:
        return [("kind", kind), ("file", f"{kind}.json", "application/json", told)]

    history = json.dumps([{"id": "t1", "prompt": "a kite", "downloadPath": "downloads/t1.mp4"}, "?"]).encode()
    figures = json.dumps({"list": [{"username": "ada", "fromTask": "t1", "timestamps": "1,3"}]}).encode()

    clips = (await bench.form("/api/library/legacy/read", form("history", b"\xef\xbb\xbf" + history))).json()
    cast = (await bench.form("/api/library/legacy/read", form("characters", figures))).json()
    broken = await bench.form("/api/library/legacy/read", form("history", b"{"))
    unknown = await bench.form("/api/library/legacy/read", form("other", b"[]"))

    assert [(c["ids"], c["files"], c["prompt"]) for c in clips["clips"]] == [(["t1"], ["t1.mp4"], "a kite")]
    [ada] = cast["characters"]
    assert (ada["name"], ada["from_task"], ada["timestamps"]) == ("ada", "t1", "1,3")
    assert (broken.status, broken.error["param"]) == (400, "file")
    assert (unknown.status, unknown.error["param"]) == (400, "kind")
    assert (await bench.ask("GET", ITEMS)).json()["data"] == []


async def test_what_was_deleted_after_it_was_brought_in_breaks_no_invariant(bench: Bench) -> None:
    item = (await bench.form("/api/library/import", [("file", "a.mp4", "video/mp4", clip())])).json()["id"]

    await bench.ask("DELETE", f"/v1/videos/{item}")

    assert await bench.ctx.backend.read(violations) == []
    assert (await bench.ask("GET", f"{ITEMS}/{item}")).status == 404
