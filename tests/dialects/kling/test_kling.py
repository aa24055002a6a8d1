"""Kling: a 200 that is no success, kinds in addresses, tokens for half an hour, and a name for every submission."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import (
    Accepted,
    Embedded,
    Found,
    NoReply,
    NotFound,
    Phase,
    Refused,
    Unclear,
    capabilities,
)
from reelgate.core.errors import Code
from reelgate.core.profile import parse_profiles
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.kling import DIALECT, MOST_PAGES, PAGE, SETTLED_MS
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import NOW_MS, play, reply
from tests.dialects.damage import ANYTHING, damaged, ended, lives_on, never_raises
from tests.dialects.samples import HERE, holds, picture, refused, submission
from tests.dialects.samples import channel as any_channel

VECTORS = json.loads((HERE.parent / "contracts" / "vectors.json").read_text("utf-8"))
OURS = [v for v in VECTORS if v["dialect"] in {"kling", "kling_relay"}]
ACCESS, SIGNING = "canary-access-51c2", "canary-signing-9d7e"
REF = "text2video/k1"
URL = "https://cdn.example/i.mp4"


def channel(secret: str = f"{ACCESS}:{SIGNING}", **settings: Any):
    return replace(any_channel("kling", "https://upstream.example", **settings), secret=secret)


def job(word: str | None = "processing", **changes: Any) -> dict[str, Any]:
    return {
        "task_id": "k1",
        "task_info": {"external_task_id": "token-1"},
        "task_status": word,
        "task_status_msg": "",
        "created_at": NOW_MS,
        "updated_at": NOW_MS + 100_000,
    } | changes


def clip(**changes: Any) -> dict[str, Any]:
    return job("succeed", task_result={"videos": [{"id": "v9", "url": URL, "duration": "5.1"}]}, **changes)


def said(data: Any = None, code: Any = 0, message: str = "SUCCEED", status: int = 200) -> Any:
    return reply({"code": code, "message": message, "request_id": "r", "data": data}, status)


def error(code: int, status: int, message: str = "m") -> Any:
    return reply({"code": code, "message": message, "request_id": "r"}, status)


def poll(*answers: Any, ref: str = REF, **settings: Any) -> Any:
    return play(DIALECT.poll(ref, channel(**settings)), *answers).result


def sent(given: Any, **settings: Any) -> Any:
    return play(DIALECT.submit(given, channel(**settings)), said(job("submitted"))).call


def outcome(answer: Any, **settings: Any) -> Any:
    return play(DIALECT.submit(submission(), channel(**settings)), answer).result


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=submission(),
    ref=REF,
    accepted=(said(job("submitted")),),
    refused=(error(1201, 400),),
    running=(said(job()),),
    completed=(said(clip()),),
    failed=(said(job("failed", task_status_msg="It broke.")),),
    empty_completed=(said(job("succeed", task_result={"videos": []})),),
    unknown_word=(said(job("pondering")),),
    error_in_200=(error(5000, 200),),
    running_at=lambda raw: (said(job(progress=raw)),),
)
PLAIN = replace(CASE, channel=channel("canary-plain-key-77aa"))


@pytest.mark.parametrize("case", [CASE, PLAIN], ids=["pair of keys", "plain key"])
@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(case, check):
    check(case)


@pytest.mark.parametrize("vector", OURS, ids=lambda v: v["id"])
def test_a_golden_reply_reads_as_its_vector_says(vector):
    holds(vector, DIALECT)


def test_it_lists_and_finds_and_has_no_way_to_stop_a_job():
    assert capabilities(DIALECT) == {"poll_many", "find"}


# Keys.


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("flow", ["submit", "poll"])
def test_a_pair_of_keys_makes_a_token_of_half_an_hour_for_every_call(flow):
    call = sent(submission()) if flow == "submit" else play(DIALECT.poll(REF, channel()), said(job())).call
    head, claims, signature = call.headers["Authorization"].removeprefix("Bearer ").split(".")

    assert json.loads(unpadded(head)) == {"alg": "HS256", "typ": "JWT"}
    now_s = NOW_MS // 1_000
    assert json.loads(unpadded(claims)) == {"iss": ACCESS, "exp": now_s + 1_800, "nbf": now_s - 5}
    assert unpadded(signature) == hmac.digest(SIGNING.encode(), f"{head}.{claims}".encode(), "sha256")


@pytest.mark.parametrize(("secret", "settings"), [("plain-key", {}), ("odd:key", {"auth": "key"})])
def test_a_plain_key_goes_as_it_is(secret, settings):
    played = play(DIALECT.poll(REF, channel(secret, **settings)), said(job()))

    assert played.call.headers == {"Authorization": f"Bearer {secret}"}
    assert len(played.effects) == 1


@pytest.mark.parametrize("half", [ACCESS, SIGNING])
def test_neither_half_of_the_keys_gets_out_with_an_answer_that_echoes_it(half):
    text = f"Unknown {half} given"
    for answer in (error(1002, 401, text), error(9, 400, text), NoReply(sent=True, reason=text)):
        shown = repr((outcome(answer), poll(answer)))
        assert half not in shown
    many = play(DIALECT.poll_many([REF], channel()), error(1002, 401, text)).result
    assert half not in repr(many)


# The paid call.


def test_a_prompt_alone_is_text2video_with_its_length_as_text_and_its_name():
    call = sent(submission())

    assert call.path == "/v1/videos/text2video"
    assert call.json == {
        "model_name": "m-1",
        "prompt": "a paper boat",
        "external_task_id": "token-1",
        "mode": "std",
        "duration": "8",
        "aspect_ratio": "9:16",
    }


@pytest.mark.parametrize(
    ("size", "mode"), [(Size(1_280, 720), "std"), (Size(1_080, 1_920), "pro"), (Size(3_840, 2_160), "4k")]
)
def test_the_size_chooses_the_mode(size, mode):
    given = submission()
    assert sent(replace(given, request=replace(given.request, size=size))).json["mode"] == mode


RAW = Embedded("a" * 64, "image/png", data_url=False)


@pytest.mark.parametrize(
    ("given", "kind", "fields"),
    [
        (submission(Verb.CREATE, picture()), "image2video", {"image": RAW}),
        (
            submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME)),
            "image2video",
            {"image": RAW, "image_tail": RAW},
        ),
        (
            submission(Verb.CREATE, picture(Role.REFERENCE), picture(Role.REFERENCE)),
            "multi-image2video",
            {"image_list": [{"image": RAW}, {"image": RAW}]},
        ),
        (
            submission(Verb.CREATE, picture(), picture(Role.REFERENCE), model="kling-v3-omni"),
            "omni-video",
            {"image_list": [{"image_url": RAW, "type": "first_frame"}, {"image_url": RAW}]},
        ),
        (submission(model="kling-v3-omni"), "omni-video", {}),
    ],
)
def test_inputs_choose_the_kind_and_pictures_go_without_a_prefix(given, kind, fields):
    played = play(DIALECT.submit(given, channel()), said(job("submitted")))

    assert played.call.path == f"/v1/videos/{kind}"
    assert {name: played.call.json[name] for name in fields} == fields
    assert ("aspect_ratio" in played.call.json) is (kind != "image2video")
    assert isinstance(played.result, Accepted)
    assert (played.result.ref, played.result.upstream_id) == (f"{kind}/k1", "k1")


def test_sound_is_on_or_off_and_vendor_options_overrule_nothing():
    body = sent(
        submission(audio=False, negative_prompt="rain", extra={"cfg_scale": 0.5, "external_task_id": "mine"}),
        callback_url="https://gate.example/cb/x",
    ).json

    assert (body["sound"], body["negative_prompt"], body["cfg_scale"]) == ("off", "rain", 0.5)
    assert body["external_task_id"] == "token-1"
    assert body["callback_url"] == "https://gate.example/cb/x"


@pytest.mark.parametrize(
    "given",
    [
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
        submission(Verb.CREATE, picture(), picture(Role.REFERENCE)),
        submission(Verb.CREATE, picture(Role.SOURCE_VIDEO, "video/mp4")),
        submission(Verb.EXTEND),
        submission(Verb.EDIT, parent_ref=REF),
    ],
)
def test_what_the_wire_cannot_say_is_refused_before_a_call(given):
    assert refused(DIALECT.submit(given, channel())).code is Code.INVALID_REQUEST


def test_an_extension_names_the_clip_which_is_not_its_job():
    given = submission(Verb.EXTEND, parent_ref="image2video/k0")
    played = play(DIALECT.submit(given, channel()), said(clip()), said(job("submitted")))

    assert [c.path for c in played.calls] == ["/v1/videos/image2video/k0", "/v1/videos/video-extend"]
    assert played.calls[1].json == {
        "prompt": "a paper boat",
        "external_task_id": "token-1",
        "video_id": "v9",
    }
    assert isinstance(played.result, Accepted)
    assert played.result.ref == "video-extend/k1"


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (NoReply(sent=True, reason="t"), True),
        (said(job()), False),
        (error(1203, 404), False),
        (error(1302, 429), True),
    ],
)
def test_an_extension_whose_clip_is_out_of_reach_costs_nothing(answer, retryable):
    played = play(DIALECT.submit(submission(Verb.EXTEND, parent_ref=REF), channel()), answer)

    assert isinstance(played.result, Refused)
    assert played.result.failure.retryable is retryable
    assert all(call.method == "GET" for call in played.calls)


CODES = [
    (1000, 401, Code.UNAUTHORIZED, False),
    (1004, 401, Code.UNAUTHORIZED, False),
    (1100, 429, Code.ACCOUNT_SUSPENDED, False),
    (1101, 429, Code.ACCOUNT_SUSPENDED, False),
    (1102, 429, Code.QUOTA_EXHAUSTED, False),
    (1103, 403, Code.PERMISSION_OR_CHANNEL, False),
    (1200, 400, Code.INVALID_REQUEST, False),
    (1201, 400, Code.INVALID_REQUEST, False),
    (1203, 404, Code.NOT_FOUND, False),
    (1300, 400, Code.CONTENT_POLICY, False),
    (1301, 400, Code.CONTENT_POLICY, False),
    (1302, 429, Code.RATE_LIMITED, True),
    (1303, 429, Code.CONCURRENCY_LIMITED, True),
    (5001, 503, Code.OVERLOADED, True),
]


@pytest.mark.parametrize(("code", "status", "expected", "retryable"), CODES)
def test_a_refusal_is_translated_by_the_vendors_own_number(code, status, expected, retryable):
    result = outcome(error(code, status))

    assert isinstance(result, Refused)
    assert (result.failure.code, result.failure.retryable) == (expected, retryable)


@pytest.mark.parametrize(
    ("code", "expected"), [(1303, Code.CONCURRENCY_LIMITED), (1301, Code.CONTENT_POLICY)]
)
def test_a_200_with_another_code_than_0_is_no_success(code, expected):
    refusal = outcome(error(code, 200))

    assert isinstance(refusal, Refused)
    assert refusal.failure.code is expected
    assert isinstance(outcome(said(job("submitted"), code=code)), Refused)
    assert poll(said(clip(), code=code)).phase is None


@pytest.mark.parametrize(
    ("code", "status"), [(5000, 500), (5000, 200), (5002, 504), (5001, 200), (9999, 200)]
)
def test_a_fault_of_the_upstream_leaves_a_submit_open_and_a_poll_as_it_was(code, status):
    assert isinstance(outcome(error(code, status)), Unclear)
    assert poll(error(code, status)).phase is None
    assert code == 9999 or poll(error(code, status)).trouble.retryable


def test_a_wait_the_upstream_asks_for_is_kept():
    answer = reply({"code": 1302, "message": "m"}, 429, {"Retry-After": "3"})

    assert outcome(answer).failure.retry_after_s == 3
    assert poll(answer).retry_after_s == 3


# Polls.


@pytest.mark.parametrize(
    ("word", "phase"),
    [("submitted", Phase.QUEUED), ("processing", Phase.IN_PROGRESS), ("failed", Phase.FAILED)],
)
def test_every_status_word_is_known(word, phase):
    assert poll(said(job(word))).phase is phase


def test_succeed_is_how_success_is_spelled_and_clips_are_kept_for_thirty_days():
    seen = poll(said(clip()))
    (output,) = seen.outputs

    assert (seen.phase, output.url) == (Phase.COMPLETED, URL)
    assert output.expires_at_ms == NOW_MS + 100_000 + 30 * 86_400_000


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Failure to pass the risk control system", Code.CONTENT_POLICY),
        ("Sensitive content in the prompt", Code.CONTENT_POLICY),
        ("Out of luck", Code.UPSTREAM_FAILED),
        ("", Code.UPSTREAM_FAILED),
        (None, Code.UPSTREAM_FAILED),
    ],
)
def test_a_failed_job_says_why_in_its_message(message, code):
    seen = poll(said(job("failed", task_status_msg=message)))

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


@pytest.mark.parametrize("code", [0, "0", "success", "SUCCESS", None, 200])
def test_relays_say_fine_in_other_ways(code):
    seen = poll(said({"status": "succeeded", "url": URL}, code=code))

    assert (seen.phase, seen.outputs[0].url) == (Phase.COMPLETED, URL)


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("omni-video/k1", "/v1/videos/omni-video/k1"),
        ("k1", "/v1/videos/text2video/k1"),
        ("image2video/a/b", "/v1/videos/image2video/a%2Fb"),
    ],
)
def test_the_ref_says_where_to_ask(ref, path):
    assert play(DIALECT.poll(ref, channel()), said(job())).call.path == path


@pytest.mark.parametrize("answer", [error(1203, 404), error(1203, 400), error(1203, 200), error(1201, 404)])
def test_a_job_nobody_knows_is_lost(answer):
    assert poll(answer).lost


def test_a_relay_may_put_the_whole_answer_of_the_upstream_into_its_own():
    nested = {"task_id": "t", "status": "SUCCESS", "data": {"code": 0, "data": clip()}}

    assert poll(said(nested, code="success")).outputs[0].url == URL


def test_a_callback_is_a_bare_job():
    assert DIALECT.heard(reply(clip())).outputs[0].url == URL
    assert DIALECT.heard(reply(b"<html>")).phase is None


# Lists.


def test_each_kind_has_its_own_list():
    played = play(
        DIALECT.poll_many(["text2video/a", "image2video/a", "text2video/b"], channel()),
        said([job(task_id="a"), clip(task_id="b"), job(task_id="c")]),
        said([job("submitted", task_id="a")]),
    )

    assert [c.path for c in played.calls] == ["/v1/videos/text2video", "/v1/videos/image2video"]
    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        "text2video/a": Phase.IN_PROGRESS,
        "text2video/b": Phase.COMPLETED,
        "image2video/a": Phase.QUEUED,
    }


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (error(1002, 401), 1),
        (error(1302, 429), 1),
        (NoReply(sent=True, reason="t"), 1),
        (error(1203, 404), 0),
        (reply(b"<html></html>"), 0),
        (said([job()], code=5000), 1),
    ],
)
def test_a_channel_in_trouble_is_in_trouble_for_every_job_and_a_missing_list_for_none(answer, count):
    seen = play(DIALECT.poll_many([REF], channel()), answer).result

    assert len(seen) == count
    assert all(each.phase is None and not each.lost for each in seen.values())


# Finding.


def find(*answers: Any, age_ms: int = SETTLED_MS, given: Any = None) -> Any:
    flow = DIALECT.find(given or submission(), channel(), frozenset())
    return play(flow, *answers, now_ms=NOW_MS + age_ms)


UNKNOWN = error(1203, 404)
OTHER = {"external_task_id": "another"}


def test_a_submission_is_asked_about_by_its_own_name():
    played = find(said(job("submitted")), age_ms=0)

    assert played.call.path == "/v1/videos/text2video/token-1"
    assert played.result == Found(ref=REF, observation=played.result.observation)
    assert played.result.observation.phase is Phase.QUEUED


def test_the_name_is_looked_for_among_the_jobs_of_its_kind():
    assert (
        find(UNKNOWN, said([]), given=submission(Verb.CREATE, picture()))
        .calls[0]
        .path.startswith("/v1/videos/image2video/")
    )


def test_the_list_is_a_second_witness():
    assert find(UNKNOWN, said([job(task_info=OTHER), job(task_id="k7")])).result.ref == "text2video/k7"


def test_absence_is_certain_once_both_say_so_and_some_time_has_passed():
    page = said([job(task_info=OTHER), job(task_info=OTHER, created_at=NOW_MS - 3_600_000)])

    assert find(UNKNOWN, page).result == NotFound(
        certain=True, reason="The upstream knows no job of this name."
    )
    assert not find(UNKNOWN, page, age_ms=SETTLED_MS - 1).result.certain


@pytest.mark.parametrize(
    "answers",
    [
        (NoReply(sent=True, reason="t"),),
        (error(5000, 500),),
        (error(1302, 429),),
        (reply(b"<html></html>", 404),),
        (said({}),),
        (said(job(task_id=None)),),
        (UNKNOWN, error(5000, 500)),
        (UNKNOWN, NoReply(sent=True, reason="t")),
        (UNKNOWN, said([job(task_info={})])),
        (UNKNOWN, said([job(task_info=None), job(task_info=OTHER)])),
        (UNKNOWN, *[said([job(task_info=OTHER)] * PAGE)] * MOST_PAGES),
    ],
    ids=[
        "silence",
        "broken",
        "busy",
        "html",
        "no job",
        "no id",
        "list broken",
        "list silent",
        "no names",
        "half",
        "endless",
    ],
)
def test_any_doubt_leaves_a_submission_unclear(answers):
    assert isinstance(find(*answers).result, Unclear)


def test_a_job_of_another_name_is_not_taken_for_ours():
    assert isinstance(find(said(job(task_info=OTHER))).result, Unclear)


def test_no_profile_claims_a_price():
    profiles = parse_profiles((HERE.parents[1] / "src/reelgate/dialects/kling.toml").read_text("utf-8"))

    assert {m.price_per_second for m in profiles.model} == {0}
    assert all(str(m.default_size) in m.sizes for m in profiles.model)


# Bent answers.


@given(body=damaged({"code": 0, "message": "", "data": job()}), status=st.sampled_from([200, 404, 500]))
def test_a_damaged_answer_never_ends_a_living_job(body, status):
    lives_on(DIALECT, channel(), REF, body, status)


@given(
    body=ANYTHING
    | damaged({"code": 0, "data": clip()})
    | damaged({"code": 0, "data": [clip(), job("failed", task_status_msg="m")]})
    | damaged({"code": 1302, "message": "m"}),
    status=st.integers(100, 599),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, channel(), submission(), body, status)
    never_raises(DIALECT, channel(), submission(Verb.EXTEND, parent_ref=REF), body, status)


@given(body=damaged({"code": 1203, "message": "m", "data": None}))
def test_nothing_but_a_readable_list_ever_makes_absence_certain(body):
    result = ended(DIALECT.find(submission(), channel(), frozenset()), reply(body, 404))

    assert not (isinstance(result, NotFound) and result.certain)
