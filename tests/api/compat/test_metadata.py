"""`/relay/v1/videos`: a create whose particulars stand in `metadata`, and an answer whose clip does."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.core.errors import Code, Failure
from reelgate.core.task import Role
from reelgate.testing.upstream.clip import clip
from tests.api.compat.test_relays import request_of, without_origin
from tests.api.harness import Bench, png

PATH = "/relay/v1/videos"
GATE = {"host": "gate.test"}


async def started(bench: Bench, metadata: Any = None, **fields: Any) -> str:
    body = {"model": "demo", "prompt": "a red kite", "seconds": "4", "metadata": metadata, **fields}
    answer = await bench.post(PATH, body, headers=GATE)
    assert answer.status == 200, answer.body
    assert answer.json()["id"] == answer.json()["task_id"]
    return answer.json()["id"]


async def kept(bench: Bench) -> str:
    part = ("file", "a.png", "image/png", png())
    return (await bench.form("/relay/v1/files/upload", [part], headers=GATE)).json()["url"]


async def test_particulars_are_read_out_of_metadata(bench: Bench):
    particulars = {
        "resolution": "1080p",
        "ratio": "9:16",
        "seed": 7,
        "return_last_frame": False,
    }

    request = await request_of(bench, await started(bench, particulars))

    assert (request.seconds, str(request.size)) == (4, "1080x1920")
    assert (request.seed, request.extra) == (7, {})


async def test_pictures_are_plain_or_say_what_they_are_for(bench: Bench):
    url = await kept(bench)
    framed = [{"type": "image_url", "image_url": {"url": url}, "role": "last_frame"}]

    plain = await request_of(bench, await started(bench, images=[url]))
    placed = await request_of(bench, await started(bench, {"content": framed}))

    assert [i.role for i in plain.inputs] == [Role.FIRST_FRAME]
    assert [i.role for i in placed.inputs] == [Role.LAST_FRAME]


async def test_the_clip_stands_in_metadata_and_a_failure_says_why(bench: Bench):
    done, failed = await started(bench), await started(bench)
    await bench.complete(done, clip())
    await bench.fail(failed, error=Failure(code=Code.CONTENT_POLICY, message="Not this."))

    good = (await bench.ask("GET", f"{PATH}/{done}", headers=GATE)).json()
    bad = (await bench.ask("GET", f"{PATH}/{failed}")).json()

    assert (good["status"], good["progress"], good["error"]) == ("completed", "100%", None)
    assert (await bench.ask("GET", without_origin(good["metadata"]["url"]), key=None)).body == clip()
    assert (bad["status"], bad["metadata"]) == ("failed", {})
    assert bad["error"] == {"code": "content_policy", "message": "Not this."}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"metadata": "all of it"}, "metadata"),
        ({"metadata": {"ratio": "wide"}}, "metadata.ratio"),
        ({"metadata": {"seed": "many"}}, "metadata.seed"),
        ({"metadata": {"negative_prompt": "rain"}}, "metadata.negative_prompt"),
        ({"metadata": {"resolution": "4k"}}, "metadata.resolution"),
        ({"metadata": {"camera": "low"}}, "metadata"),
        ({"metadata": {"content": [{"type": "text", "text": "hello"}]}}, "metadata.content[0]"),
        (
            {"metadata": {"content": [{"type": "image_url", "image_url": {"url": "x"}}]}},
            "metadata.content[0]",
        ),
        ({"seed": "many"}, "seed"),
        ({"images": ["nowhere"]}, "images"),
        ({"seconds": "61"}, "seconds"),
        ({"prompt": " "}, "prompt"),
    ],
)
async def test_what_is_wrong_is_named_as_it_was_sent(bench: Bench, fields: dict[str, Any], param: str):
    answer = await bench.post(PATH, {"model": "demo", "prompt": "a red kite", **fields})

    assert (answer.status, answer.json()["param"]) == (400, param), answer.body
    assert bench.runner.enqueued.empty()
