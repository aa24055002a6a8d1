"""The official Python SDK, unmodified, strict about every answer, against a real server with the built-in renderer."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any, cast

import openai
import pytest
from PIL import Image

from tests.sdk.conftest import Receiver, Server, Told

# The SDK marks its video methods as deprecated since the original service ended.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


OMITTED: Any = openai.omit
"""The typed object form raises inside the SDK, so the id goes through `extra_body`."""


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=server.base_url, api_key=server.key, _strict_response_validation=True
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def finished(client: openai.OpenAI) -> str:
    video = client.videos.create_and_poll(
        prompt="A paper boat on a lake at dusk", extra_body={"seconds": "1"}
    )
    assert (video.status, video.progress, video.seconds) == ("completed", 100, "1"), video.error
    assert video.completed_at is not None
    return video.id


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (720, 1280), (30, 90, 160)).save(out, "PNG")
    return out.getvalue()


def test_create_and_poll_ends_with_a_clip(client: openai.OpenAI, finished: str):
    clip = client.videos.download_content(finished).read()

    assert clip[4:8] == b"ftyp"


@pytest.mark.parametrize(("variant", "magic"), [("thumbnail", b"RIFF"), ("spritesheet", b"\xff\xd8\xff")])
def test_every_variant_can_be_downloaded(client: openai.OpenAI, finished: str, variant, magic: bytes):
    assert client.videos.download_content(finished, variant=variant).read().startswith(magic)


def test_a_clip_can_be_streamed(client: openai.OpenAI, finished: str):
    whole = client.videos.download_content(finished).read()
    with client.videos.with_streaming_response.download_content(finished) as response:
        assert b"".join(response.iter_bytes()) == whole


def test_a_video_is_retrieved_with_a_request_id_and_a_pace(client: openai.OpenAI, finished: str):
    raw = client.videos.with_raw_response.retrieve(finished)

    assert raw.request_id is not None
    assert int(raw.headers["openai-poll-after-ms"]) > 0
    assert raw.parse().id == finished


@pytest.mark.parametrize(
    "reference",
    [picture(), io.BytesIO(picture()), ("kite.png", picture(), "image/png")],
    ids=["bytes", "stream", "named"],
)
def test_a_picture_file_is_taken(client: openai.OpenAI, reference):
    video = client.videos.create(prompt="A boat", size="720x1280", input_reference=reference)

    assert video.status == "queued"
    client.videos.delete(video.id)


def test_object_references_go_through_the_extra_body(client: openai.OpenAI):
    url = "data:image/png;base64," + base64.b64encode(picture()).decode()
    kept = client.files.create(file=("kite.png", picture()), purpose="vision")
    for reference in ({"image_url": url}, {"file_id": kept.id}):
        formed = client.videos.create(prompt="A boat", extra_body={"input_reference": reference})
        as_json = client.videos.create(
            prompt="A boat",
            extra_headers={"Content-Type": "application/json"},
            extra_body={"input_reference": reference},
        )
        for video in (formed, as_json):
            assert client.videos.delete(video.id).deleted
    assert client.files.delete(kept.id).deleted


def test_lists_page_to_their_end(client: openai.OpenAI, finished: str):
    seen = [video.id for video in client.videos.list(limit=1)]

    assert finished in seen
    assert len(seen) == len(set(seen))
    assert client.videos.list(limit=0, after="unknown", order="asc").data == []


def test_remix_edit_and_extend_work_from_a_finished_video(client: openai.OpenAI, finished: str):
    remix = client.videos.remix(finished, prompt="At night")
    edit = client.videos.edit(
        prompt="Bluer",
        video=OMITTED,
        extra_body={"video": {"id": finished}},
    )
    extension = client.videos.extend(
        prompt="Further out",
        seconds="4",
        video=OMITTED,
        extra_body={"video": {"id": finished}},
    )

    assert remix.remixed_from_video_id == finished
    assert edit.seconds == "1"
    assert extension.seconds == "5"
    for video in (remix, edit, extension):
        assert client.videos.delete(video.id).deleted


def test_an_uploaded_clip_can_be_edited(client: openai.OpenAI, finished: str):
    clip = client.videos.download_content(finished).read()
    video = client.videos.edit(prompt="Bluer", video=("clip.mp4", clip))

    assert client.videos.delete(video.id).deleted


def test_a_character_is_kept_found_and_used(client: openai.OpenAI, finished: str):
    clip = client.videos.download_content(finished).read()
    kept = client.videos.create_character(name="Mossy", video=("clip.mp4", clip))
    assert kept.id is not None
    assert client.videos.get_character(kept.id).name == "Mossy"

    video = client.videos.create(prompt="Mossy sails", extra_body={"characters": [{"id": kept.id}]})
    assert client.videos.delete(video.id).deleted


def test_a_deleted_video_is_gone_and_deleting_it_again_says_so(client: openai.OpenAI):
    video = client.videos.create(prompt="A boat", seconds="4")
    assert client.videos.delete(video.id).object == "video.deleted"

    for again in (client.videos.delete, client.videos.retrieve):
        with pytest.raises(openai.NotFoundError) as gone:
            again(video.id)
        assert gone.value.code == "not_found"


def test_errors_reach_the_caller_as_their_classes(client: openai.OpenAI, server: Server):
    with pytest.raises(openai.BadRequestError) as refused:
        client.videos.create(prompt="A boat", extra_body={"seconds": "999"})
    assert (refused.value.param, refused.value.code) == ("seconds", "invalid_value")
    assert refused.value.request_id is not None

    stranger = openai.OpenAI(base_url=server.base_url, api_key="My API Key", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as unknown:
        stranger.videos.list()
    assert unknown.value.code == "invalid_api_key"


def test_content_that_is_not_ready_is_not_asked_for_again(client: openai.OpenAI):
    video = client.videos.create(prompt="A boat", seconds="12")
    began = time.monotonic()
    with pytest.raises(openai.ConflictError) as early:
        client.videos.download_content(video.id)

    assert early.value.code == "not_ready"
    # Two blind repeats would have waited half a second and then one.
    assert time.monotonic() - began < 0.5
    client.videos.delete(video.id)


def test_models_are_listed_and_retrieved(client: openai.OpenAI):
    names = {model.id for model in client.models.list()}

    assert {"sora-2", "sora-2-pro", "animatic-1"} <= names
    assert client.models.retrieve("sora-2").owned_by


def told_of(receiver: Receiver, video_id: str) -> Told:
    """Give what the receiver was told of one video, whatever it was told of others."""
    while True:
        told = receiver.told.get(timeout=20)
        if json.loads(told.body)["data"]["id"] == video_id:
            return told


def test_a_webhook_is_registered_tested_and_deleted(client: openai.OpenAI, receiver: Receiver):
    endpoints = client.webhooks
    made = endpoints.create(name="studio", url=receiver.url, event_types=["video.completed", "video.failed"])
    try:
        tried = endpoints.test(made.id, event_type="video.completed")
        assert (tried.status_code, tried.success) == (204, True)
        receiver.told.get(timeout=20)

        rotated = endpoints.rotate_secret(made.id, keep_old_secret_active_for_24_hours=False)
        assert rotated.signing_secret != made.signing_secret
        assert "video.completed" in client.webhooks.event_types.list().data
        assert made.id in [endpoint.id for endpoint in endpoints.list()]
    finally:
        assert endpoints.delete(made.id).deleted


def test_what_a_webhook_brings_is_unwrapped(client: openai.OpenAI, receiver: Receiver):
    # Not every generation of the SDK can register one, all can unwrap what it brings.
    wanted = {"name": "studio", "url": receiver.url, "event_types": ["video.completed"]}
    made = cast("dict[str, str]", client.post("/webhook_endpoints", cast_to=object, body=wanted))
    try:
        video = client.videos.create_and_poll(prompt="A boat", extra_body={"seconds": "1"})
        told = told_of(receiver, video.id)

        event = client.webhooks.unwrap(told.body, told.headers, secret=made["signing_secret"])
        assert event.type == "video.completed"
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.unwrap(told.body + b" ", told.headers, secret=made["signing_secret"])
    finally:
        client.delete(f"/webhook_endpoints/{made['id']}", cast_to=object)
