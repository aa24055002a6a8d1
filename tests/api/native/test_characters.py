"""`/api/character`: all seven routes of source 000."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from reelgate.core.dialect import Answer, Channel, Effect, KeepOutcome, Kept, Likeness, Unclear
from reelgate.core.task import Character
from reelgate.engine.likenesses import Span, keep_from_task
from reelgate.store import characters as character_rows
from reelgate.testing.upstream.clip import clip
from tests.api.harness import Bench
from tests.api.test_socket import accept

BASE = "/api/character"


async def finished(bench: Bench) -> str:
    task_id = await bench.made()
    await bench.complete(task_id, clip())
    return task_id


async def kept(bench: Bench, **fields: Any) -> dict[str, Any]:
    body = {"platform": "juxin", "timestamps": "0,1", **fields}
    answer = await bench.post(f"{BASE}/create", body, headers={"host": "gate.test"})
    assert answer.status == 200, answer.body
    return answer.json()["data"]


async def test_a_character_is_kept_from_a_task_with_every_field(bench: Bench):
    """Rows 000-13, 000-36, 000-37 and 000-38; `model` is not passed on to anybody (000-12)."""
    task_id = await finished(bench)

    found = await kept(bench, from_task=task_id, model="sora-2")

    assert (found["platform"], found["timestamps"], found["fromTask"]) == ("juxin", "0,1", task_id)
    assert found["sourceVideoUrl"] is None
    assert found["createdAt"] == found["updatedAt"]
    assert set(found) >= {"id", "username", "permalink", "profilePictureUrl", "displayName"}
    picture = await bench.ask("GET", "/" + found["profilePictureUrl"].split("/", 3)[3])
    assert picture.body[:4] == b"\x89PNG"
    again = await bench.ask("GET", "/" + found["permalink"].split("/", 3)[3], headers={"host": "gate.test"})
    assert again.json()["data"] == found


async def test_the_same_span_again_is_the_same_character(bench: Bench):
    """Rows 000-35 and 000-57: updated rather than duplicated."""
    task_id = await finished(bench)
    one = await kept(bench, from_task=task_id)
    await bench.clock.advance(5)

    two = await kept(bench, from_task=task_id)

    assert (one["id"], one["createdAt"]) == (two["id"], two["createdAt"])
    assert two["updatedAt"] > one["updatedAt"]
    listed = (await bench.ask("GET", f"{BASE}/list")).json()["data"]
    assert listed["pagination"]["total"] == 1


async def test_an_address_of_ours_is_read_as_its_task(bench: Bench):
    """Row 000-11."""
    task_id = await finished(bench)
    link = f"http://gate.test/v1/videos/{task_id}/content?sig=x"

    assert (await kept(bench, url=link))["fromTask"] == task_id


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"timestamps": "0,0.5"}, 400, "timestamps"),
        ({"timestamps": "0,3.5"}, 400, "timestamps"),
        ({"timestamps": "soon"}, 400, "timestamps"),
        ({"timestamps": None}, 400, "timestamps"),
        ({"url": "https://clips.test/a.mp4"}, 400, "url"),
        ({"from_task": None}, 400, "url"),
        ({"from_task": None, "url": "http://10.0.0.1/a.mp4"}, 400, "url"),
        ({"from_task": "video_" + "0" * 26}, 404, None),
        ({"platform": "x" * 81}, 400, "platform"),
    ],
)
async def test_what_cannot_be_kept_is_refused_by_its_field(
    bench: Bench, fields: dict[str, Any], status: int, param: str | None
):
    """Rows 000-11, 000-14, 000-53 and 000-54."""
    task_id = await finished(bench)

    answer = await bench.post(f"{BASE}/create", {"from_task": task_id, "timestamps": "0,1", **fields})

    assert (answer.status, answer.json()["error"]["param"]) == (status, param)


async def test_a_task_that_goes_on_is_no_source_yet(bench: Bench):
    """Row 000-52."""
    answer = await bench.post(f"{BASE}/create", {"from_task": await bench.made(), "timestamps": "0,1"})

    assert (answer.status, answer.json()["error"]["code"]) == (409, "not_ready")


async def placed(bench: Bench, name: str, platform: str | None = None, project_id: str | None = None) -> str:
    """Write a character without looking at a clip."""
    task_id = await bench.made()
    sha256 = await bench.complete(task_id)
    task = await bench.ask("GET", f"/api/video/tasks/{task_id}")
    del task
    from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER

    character = Character(
        id=bench.ctx.ids.new("char"),
        user_id=DEFAULT_USER,
        project_id=project_id or DEFAULT_PROJECT,
        name=name,
        sha256=sha256,
        portrait_sha256=sha256,
        media_type="video/mp4",
        seconds=1.0,
        created_at=bench.clock.now_ms(),
        platform=platform,
        from_task=task_id,
    )

    def work(conn: Any) -> None:
        from reelgate.engine.library import follow

        character_rows.insert(conn, character)
        follow.show_character(conn, character, character.created_at)

    await bench.ctx.backend.write(work)
    return character.id


async def test_characters_are_listed_searched_and_counted(bench: Bench):
    """Rows 000-39, 000-40, 000-41 and 000-42."""
    cat, dog = await placed(bench, "BlackCat", "juxin"), await placed(bench, "dog_100%", "zhenzhen")

    async def ids(path: str) -> list[str]:
        found = (await bench.ask("GET", f"{BASE}/{path}")).json()["data"]
        return [character["id"] for character in found["characters"]]

    assert await ids("list") == [dog, cat]
    assert await ids("list?limit=1&page=2") == [cat]
    assert await ids("list?platform=juxin") == await ids("search/CKCA") == await ids(f"search/{cat}") == [cat]
    assert await ids("search/%") == [dog]
    assert await ids("search/zebra") == []
    stats = (await bench.ask("GET", f"{BASE}/stats")).json()["data"]
    assert (stats["total"], stats["fromTask"], stats["fromUrl"]) == (2, 2, 0)
    assert {relay["platform"]: relay["total"] for relay in stats["byPlatform"]} == {"juxin": 1, "zhenzhen": 1}


async def test_a_character_goes_into_the_trash_and_all_of_them_only_when_that_is_meant(bench: Bench):
    """Rows 000-43, 000-44 and X25."""
    one, two = await placed(bench, "one"), await placed(bench, "two")
    await placed(bench, "three")

    gone = await bench.ask("DELETE", f"{BASE}/{one}")
    unmeant = await bench.ask("DELETE", f"{BASE}/all")
    assert (gone.json()["data"], unmeant.status) == ({"deleted": 1}, 400)
    assert (await bench.ask("GET", f"{BASE}/{one}")).status == 404
    assert (await bench.ask("GET", f"{BASE}/{two}")).status == 200

    meant = await bench.ask("DELETE", f"{BASE}/all?confirm=all")

    assert meant.json()["data"] == {"deleted": 2}
    assert (await bench.ask("GET", f"{BASE}/list")).json()["data"]["pagination"]["total"] == 0


async def test_anothers_character_looks_like_one_that_is_not_there(bench: Bench):
    mine = await placed(bench, "mine")
    other = await bench.stranger()

    for method in ("GET", "DELETE"):
        assert (await bench.ask(method, f"{BASE}/{mine}", key=other)).status == 404
    assert (await bench.ask("GET", f"{BASE}/search/mine", key=other)).json()["data"]["characters"] == []
    assert (await bench.ask("DELETE", f"{BASE}/all?confirm=all", key=other)).json()["data"]["deleted"] == 0
    assert (await bench.ask("GET", f"{BASE}/{mine}")).status == 200


class Keeper:
    """A dialect whose upstream keeps characters, and what it was asked."""

    def __init__(self, outcome: KeepOutcome) -> None:
        self.outcome = outcome
        self.asked: list[Likeness] = []

    def keep_character(self, likeness: Likeness, channel: Channel) -> Generator[Effect, Answer, KeepOutcome]:
        del channel
        self.asked.append(likeness)
        yield from ()
        return self.outcome


async def test_an_upstream_that_keeps_characters_keeps_this_one_too(bench: Bench):
    """Rows 000-13 and 000-16: from the job itself, under the upstream's own name."""
    task_id = await finished(bench)
    await accept(bench, task_id, "upstream-7")
    keeper = Keeper(Kept(ref="ch_1", name="figure.one"))
    dialects: Any = bench.ctx.dialects
    dialects["scripted"] = keeper

    found = await kept(bench, from_task=task_id, timestamps="0,1")

    assert [(k.ref, k.url, k.start_s, k.end_s) for k in keeper.asked] == [("upstream-7", None, 0, 1)]
    assert (found["username"], found["externalId"]) == ("figure.one", "ch_1")


async def test_an_upstream_that_does_not_say_whether_it_did_leaves_no_character(bench: Bench):
    task_id = await finished(bench)
    await accept(bench, task_id, "upstream-7")
    dialects: Any = bench.ctx.dialects
    dialects["scripted"] = Keeper(Unclear(reason="cut off"))

    with pytest.raises(Exception, match="did not say"):
        await keep_from_task(bench.ctx, _who(bench), task_id, Span(0, 1))

    assert (await bench.ask("GET", f"{BASE}/list")).json()["data"]["characters"] == []


def _who(bench: Bench) -> Any:
    from reelgate.engine.context import Who
    from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER

    del bench
    return Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT)
