"""What the OpenAPI document says of an answer is what the answer is."""

from __future__ import annotations

from typing import Any

import msgspec

from reelgate.api import answered
from tests.api.harness import Bench

WISH = {"prompt": "a red kite", "seconds": "8", "size": "64x64"}


def holds(answer: Any, kind: Any) -> None:
    """Read an answer strictly: a field too many or too few is a broken promise."""
    assert answer.status == 200
    msgspec.convert(answer.json(), kind)


async def test_videos_are_what_the_document_says(bench: Bench):
    made = await bench.post("/v1/videos", WISH)
    address = f"/v1/videos/{made.json()['id']}"

    holds(made, answered.VideoObject)
    holds(await bench.ask("GET", address), answered.VideoObject)
    holds(await bench.ask("GET", "/v1/videos"), answered.VideoPage)
    holds(await bench.ask("GET", f"{address}/effective"), answered.Fixed)
    holds(await bench.ask("DELETE", address), answered.Gone)


async def test_a_look_at_a_create_is_what_the_document_says(bench: Bench):
    holds(await bench.post("/v1/videos?dry_run=true", WISH), answered.Looked)


async def test_models_are_what_the_document_says(bench: Bench):
    holds(await bench.ask("GET", "/api/models"), answered.Models)


async def test_a_reference_is_one_whatever_the_model_would_make_of_a_picture(bench: Bench):
    kept = {"image_url": "data:image/png;base64,iVBORw0KGgo="}

    answer = await bench.post("/v1/videos", {**WISH, "references": [kept]})

    assert answer.json()["error"]["param"].startswith("references")
