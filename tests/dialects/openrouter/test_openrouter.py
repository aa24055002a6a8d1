"""OpenRouter: addresses that need the key, pictures that exclude each other, costs, signed deliveries, its list."""

from __future__ import annotations

import hashlib
import hmac
import json
import pathlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Callback, Embedded, Refused, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import openrouter
from reelgate.dialects.openrouter import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import NOW_MS, SECRET, picture, recorded, submission

BASE = "https://upstream.example/api/v1"
CHANNEL = samples.channel("openrouter", BASE)
REF = "job-0001"
OWN = f"{BASE}/videos/{REF}/content?index=0"


def job(**changes: Any) -> dict[str, Any]:
    return {"id": REF, "status": "in_progress", "generation_id": "gen-1"} | changes


CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply({"id": REF, "polling_url": f"/api/v1/videos/{REF}", "status": "pending"}, 202),),
    refused=(reply({"error": {"code": 400, "message": "duration must be one of 4, 6, 8"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed", unsigned_urls=[OWN])),),
    failed=(reply(job(status="failed", error="The provider failed.")),),
    empty_completed=(reply(job(status="completed", unsigned_urls=[])),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"code": 500, "message": "moved"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("openrouter"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any, **settings: Any) -> Any:
    channel = samples.channel("openrouter", BASE, **settings)
    return play(DIALECT.submit(given_, channel), reply(job(status="pending"), 202)).call


def poll(**changes: Any) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), reply(job(**changes))).result


# The paid call.


def test_a_request_has_its_own_names():
    body = sent(submission(seed=7, audio=False, extra={"provider": {"options": {}}, "model": "dearer"})).json

    assert body == {
        "model": "m-1",
        "prompt": "a paper boat",
        "duration": 8,
        "size": "720x1280",
        "seed": 7,
        "generate_audio": False,
        "provider": {"options": {}},
    }


def test_a_channel_may_name_resolution_and_shape_instead_of_a_size():
    body = sent(submission(), geometry="ratio").json

    assert (body["resolution"], body["aspect_ratio"], "size" in body) == ("720p", "9:16", False)


def test_frames_and_references_have_lists_of_their_own():
    file = {"type": "image_url", "image_url": {"url": Embedded("a" * 64, "image/png")}}

    frames = sent(submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME))).json
    references = sent(submission(Verb.CREATE, picture(Role.REFERENCE), picture(Role.REFERENCE))).json

    assert frames["frame_images"] == [
        file | {"frame_type": "first_frame"},
        file | {"frame_type": "last_frame"},
    ]
    assert references["input_references"] == [file, file]
    assert "input_references" not in frames
    assert "frame_images" not in references


def test_references_beside_frames_would_be_ignored_without_a_word_so_they_are_refused():
    both = submission(Verb.CREATE, picture(), picture(Role.REFERENCE))

    failure = samples.refused(DIALECT.submit(both, CHANNEL))

    assert (failure.code, failure.param) == (Code.INVALID_REQUEST, "input_reference")


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.EDIT, parent_ref=REF),
        submission(Verb.EXTEND, parent_ref=REF),
        submission(Verb.REMIX),
        submission(Verb.CREATE, picture(Role.AUDIO)),
        submission(Verb.CREATE, picture(Role.REFERENCE, character_id="char_1")),
    ],
    ids=["edit", "extend", "remix of a stranger", "audio", "character"],
)
def test_what_the_api_does_not_have_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_a_remix_continues_a_job_of_this_channel():
    assert sent(submission(Verb.REMIX, parent_ref="job-0000")).json["previous_job_id"] == "job-0000"


def test_deliveries_are_asked_for_at_https_addresses_only():
    assert (
        sent(submission(), callback_url="https://me.example/in").json["callback_url"]
        == "https://me.example/in"
    )
    assert "callback_url" not in sent(submission(), callback_url="http://me.example/in").json


def test_a_job_is_polled_under_its_id_whatever_the_polling_address_says():
    answer = reply({"id": REF, "polling_url": "https://elsewhere.example/steal", "status": "pending"}, 202)
    outcome = play(DIALECT.submit(submission(), CHANNEL), answer).result
    assert isinstance(outcome, Accepted)

    call = play(DIALECT.poll(outcome.ref, CHANNEL), reply(job())).call

    assert (call.path, call.headers["Authorization"]) == (f"/videos/{REF}", f"Bearer {SECRET}")


def test_continuing_a_job_that_is_not_done_is_refused():
    busy = reply({"error": {"code": 409, "message": "The previous job has not finished."}}, 409)
    outcome = play(DIALECT.submit(submission(Verb.REMIX, parent_ref=REF), CHANNEL), busy).result

    assert isinstance(outcome, Refused)


# Results.


def test_an_unsigned_address_on_the_own_host_is_fetched_with_the_key():
    (output,) = poll(status="completed", unsigned_urls=[OWN], urls=["https://cdn.example/v.mp4"]).outputs

    assert output.url is None
    assert (output.call.path, output.call.headers) == (OWN, {"Authorization": f"Bearer {SECRET}"})


def test_an_address_anywhere_else_never_sees_the_key():
    (output,) = poll(
        status="completed", unsigned_urls=["https://upstream.example.evil.example/v.mp4"]
    ).outputs

    assert (output.call, output.url) == (None, "https://upstream.example.evil.example/v.mp4")


@pytest.mark.parametrize(
    "urls", [None, [], "https://c.example/1", [None, 7, "file:///x"], {"0": "https://c.example/1"}]
)
def test_completed_without_a_usable_address_brings_no_output(urls):
    assert poll(status="completed", unsigned_urls=urls).outputs == ()


@pytest.mark.parametrize(
    ("cost", "micro"),
    [
        (0.4, 400_000),
        ("0.50", 500_000),
        (0, 0),
        (0.1234567, 123_457),
        (1e-7, 1),
        (None, None),
        ("free", None),
        (True, None),
        (-1, None),
    ],
)
def test_what_a_job_cost_is_read_in_micro_units(cost, micro):
    assert poll(status="completed", unsigned_urls=[OWN], usage={"cost": cost, "is_byok": False}).cost == micro


# Deliveries.

HOOK = "hook-secret"


def delivery(
    *, at_s: int = NOW_MS // 1_000, secret: str = HOOK, body: bytes | None = None, sign: bytes | None = None
) -> Callback:
    body = (
        json.dumps({"type": "video.generation.completed", "data": job(status="completed")}).encode()
        if body is None
        else body
    )
    signed = f"{at_s},".encode() + (body if sign is None else sign)
    mark = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return Callback(headers={"x-openrouter-signature": f"t={at_s},v1={mark}"}, body=body)


def test_a_genuine_delivery_names_its_job():
    assert DIALECT.verify(delivery(), HOOK, NOW_MS) == REF


def test_either_signature_counts_while_a_secret_is_rotated():
    genuine = delivery()
    stamp, mark = genuine.headers["x-openrouter-signature"].split(",")
    both = replace(genuine, headers={"x-openrouter-signature": f"{stamp}, v1={'0' * 64}, {mark}"})

    assert DIALECT.verify(both, HOOK, NOW_MS) == REF


@pytest.mark.parametrize(
    "callback",
    [
        delivery(secret="guess"),
        delivery(sign=b"another body"),
        delivery(at_s=NOW_MS // 1_000 - 301),
        delivery(at_s=NOW_MS // 1_000 + 301),
        replace(delivery(), headers={}),
        replace(delivery(), headers={"x-openrouter-signature": "t=,v1="}),
        replace(delivery(), headers={"x-openrouter-signature": f"t={NOW_MS // 1_000}"}),
        replace(delivery(), headers={"x-openrouter-signature": f"t={NOW_MS // 1_000},t=1,v1=é"}),
        delivery(body=b"{}"),
        delivery(body=b"[]"),
        delivery(body=b'{"type": "video.generation.completed", "data": {"id": 7}}'),
        delivery(body=b'{"type": "test.ping", "data": {"id": "job-0001"}}'),
    ],
    ids=[
        "forged",
        "changed",
        "old",
        "from the future",
        "unsigned",
        "empty",
        "no mark",
        "two times",
        "no event",
        "a list",
        "no id",
        "another event",
    ],
)
def test_a_delivery_that_proves_nothing_names_nothing(callback):
    assert DIALECT.verify(callback, HOOK, NOW_MS) is None


def test_what_a_delivery_says_is_read_as_a_hint():
    seen = DIALECT.heard(reply({"type": "video.generation.expired", "data": job(status="expired")}), CHANNEL)
    nothing = DIALECT.heard(reply({"type": "video.generation.expired", "data": {}}), CHANNEL)

    assert seen.error is not None
    assert seen.error.code is Code.EXPIRED
    assert nothing.phase is None


def test_without_a_secret_no_delivery_is_believed():
    assert DIALECT.verify(delivery(secret=""), "", NOW_MS) is None


def test_a_delivery_signed_with_a_dot_as_others_do_is_not_believed():
    body = delivery().body
    stamp = NOW_MS // 1_000
    mark = hmac.new(HOOK.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()

    assert (
        DIALECT.verify(
            Callback(headers={"x-openrouter-signature": f"t={stamp},v1={mark}"}, body=body), HOOK, NOW_MS
        )
        is None
    )


@given(header=st.text(max_size=80), body=st.binary(max_size=80))
def test_no_delivery_makes_the_check_raise(header, body):
    assert (
        DIALECT.verify(Callback(headers={"x-openrouter-signature": header}, body=body), HOOK, NOW_MS) is None
    )


# The list of models.

LISTED: dict[str, Any] = {
    "id": "maker/model-1",
    "canonical_slug": "maker/model-1",
    "name": "Maker: Model 1",
    "supported_durations": [4, 6, 8],
    "supported_sizes": ["1280x720", "720x1280"],
    "supported_resolutions": ["720p"],
    "supported_frame_images": ["first_frame", "last_frame"],
    "generate_audio": True,
    "seed": None,
    "pricing_skus": {
        "per-video-second": "0.50",
        "per-video-second-1080p": "0.75",
        "video_tokens": "0.000001",
    },
    "allowed_passthrough_parameters": ["style"],
}


def discovered(*items: Any) -> Any:
    return play(DIALECT.discover(CHANNEL), reply({"data": list(items)})).result


def test_the_list_of_models_becomes_profiles():
    (model,) = discovered(LISTED)

    assert (model.name, model.title) == ("maker/model-1", "Maker: Model 1")
    profile = model.profile
    assert (profile.seconds, profile.seconds_default) == ((4, 6, 8), 4)
    assert (profile.sizes, profile.size_default) == (("1280x720", "720x1280"), "1280x720")
    assert profile.inputs == {Role.FIRST_FRAME: 1, Role.LAST_FRAME: 1, Role.REFERENCE: 4}
    assert (profile.audio, profile.audio_switch, profile.seed, profile.passthrough) == (
        True,
        True,
        False,
        True,
    )


def test_a_quote_takes_the_dearest_price():
    (model,) = discovered(LISTED)
    (by_clip,) = discovered(LISTED | {"pricing_skus": {"generation": "$0.10"}})

    assert model.profile.quote(8) == 6_000_000
    assert by_clip.profile.quote(8) == 100_000


def test_a_profile_from_the_list_refuses_what_the_model_cannot_do():
    (model,) = discovered(LISTED)
    wish = replace(submission(audio=True).request, seconds=5)

    assert [o.param for o in objections(wish, model.profile)] == ["seconds"]


@given(item=damaged(LISTED))
def test_a_damaged_list_never_raises_and_never_offers_a_nameless_model(item):
    for model in discovered(item, "nonsense", None):
        assert model.name
        assert model.profile.quote(8) >= 0
        assert model.profile.default_size


# The whole.


def test_the_capabilities_say_what_is_offered():
    assert capabilities(DIALECT) == {"discover", "quota", "verify"}


def test_the_kept_profiles_are_readable_and_hold_a_request():
    profiles = parse_profiles(pathlib.Path(openrouter.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("google/veo-3.1")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), audio=True).request, profile) == []


@given(
    body=damaged(
        job(unsigned_urls=[OWN], urls=["https://c.example/1"], usage={"cost": 0.4, "is_byok": False})
    )
)
def test_a_damaged_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(job(status="completed", unsigned_urls=[OWN], usage={"cost": 0.4})))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
