"""Words, numbers, times and error bodies of upstreams, read once for every dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import Phase
from reelgate.core.errors import Code
from reelgate.core.words import (
    LONGEST_WAIT_S,
    PHASES,
    Said,
    code_of,
    error_in,
    fraction,
    job_failure,
    path_segment,
    percent,
    phase_of,
    raw_word,
    redact,
    retry_after_s,
    sentence,
    timestamp_ms,
    trouble_of,
)
from reelgate.testing.play import reply


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("NOT_START", Phase.QUEUED),
        ("Not-Start", Phase.QUEUED),
        (" in queue ", Phase.QUEUED),
        ("IN_PROGRESS", Phase.IN_PROGRESS),
        ("InProgress", Phase.IN_PROGRESS),
        ("SUSPENDED", Phase.IN_PROGRESS),
        ("succeed", Phase.COMPLETED),
        ("SUCCEEDED", Phase.COMPLETED),
        ("FAILURE", Phase.FAILED),
        ("expired", Phase.FAILED),
        ("canceled", Phase.CANCELLED),
        ("deleted", Phase.CANCELLED),
        ("unknown", None),
        ("pondering", None),
        ("", None),
        (None, None),
        (3, None),
        (["failed"], None),
    ],
)
def test_a_status_word_is_known_in_any_spelling_or_not_at_all(word, phase):
    assert phase_of(word) is phase


def test_no_word_of_the_table_needs_folding():
    assert all(phase_of(word) is phase for word, phase in PHASES.items())
    assert set(PHASES.values()) == set(Phase)


@pytest.mark.parametrize(
    ("raw", "read"),
    [("54%", 54), ("54", 54), (54, 54), (54.9, 54), (0, 0), (100, 100), (101, 100), (-1, 0), (1, 1), (0.5, 0)]
    + [(raw, None) for raw in ("", "soon", None, True, [], {}, "nan", "inf", float("nan"), float("inf"))],
)
def test_percent(raw, read):
    """Shows 000-10."""

    assert percent(raw) == read


@pytest.mark.parametrize(
    ("raw", "read"),
    [(0.93, 93), (0.29, 29), (0.999, 99), (1, 100), (1.0, 100), (0, 0), (7, 100), (-0.5, 0), ("0.5", 50)]
    + [(raw, None) for raw in ("", None, False, "x")],
)
def test_fraction(raw, read):
    """Shows 000-10."""

    assert fraction(raw) == read


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (1_762_000_000, 1_762_000_000_000),
        (1_762_000_000_123, 1_762_000_000_123),
        ("1762000000", 1_762_000_000_000),
        (1_762_000_000.5, 1_762_000_000_500),
        ("2025-11-01T12:26:40Z", 1_762_000_000_000),
        ("2025-11-01T12:26:40+00:00", 1_762_000_000_000),
    ]
    + [(raw, None) for raw in ("", "soon", None, True, 0, -5, 10**20, [], "9" * 60)],
)
def test_a_time_is_read_in_seconds_milliseconds_or_text(raw, read):
    """Shows 000-09."""

    assert timestamp_ms(raw) == read


def test_text_without_a_zone_is_in_the_zone_given():
    assert timestamp_ms("2025-11-01 20:26:40.000", zone_hours=8) == 1_762_000_000_000


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "1e9"}, LONGEST_WAIT_S),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After-Ms": "1500", "Retry-After": "7"}, 1.5),
        ({"Retry-After": "Sat, 01 Nov 2025 12:27:00 GMT"}, 20),
        ({"Retry-After": "Sat, 01 Nov 2025 12:27:00 GMT", "Date": "Sat, 01 Nov 2025 12:26:55 GMT"}, 5),
        ({"Retry-After": "Sat, 01 Nov 2025 12:00:00 GMT"}, 0),
        ({"Retry-After": "Fri, 01 Nov 2999 12:00:00 GMT"}, LONGEST_WAIT_S),
    ],
)
def test_a_wait_is_read_within_reason(headers, wait):
    assert retry_after_s(reply({}, 429, headers), now_ms=1_762_000_000_000) == wait


def test_a_date_without_any_now_is_no_wait():
    assert retry_after_s(reply({}, 429, {"Retry-After": "Sat, 01 Nov 2025 12:27:00 GMT"})) is None


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"error": {"message": "m", "type": "t", "param": "p", "code": "c"}}, 400, "c", "m"),
        ({"error": {"message": "m", "code": 429}}, 400, "429", "m"),
        ({"error": "text"}, 400, "", "text"),
        ({"code": "bad", "message": "m", "data": None}, 200, "bad", "m"),
        ({"code": 1102, "message": "m"}, 429, "1102", "m"),
        ({"detail": "d"}, 404, "", "d"),
        ({"detail": [{"loc": ["body", "size"], "msg": "m", "type": "t"}]}, 422, "", "m"),
        ({"detail": {"error": {"message": "m", "code": "c"}}}, 422, "c", "m"),
        ({"message": "m"}, 500, "", "m"),
        ({"error": {"message": '{"code":"E","message":"inner"}'}}, 200, "E", "inner"),
    ],
)
def test_an_error_is_found_in_every_envelope(body, status, code, message):
    said = error_in(body, status)

    assert said is not None
    assert (said.code, said.message) == (code, message)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"error": None},
        {"error": {}},
        {"error": ""},
        {"error": {"code": 0, "message": ""}},
        {"message": "m"},
        {"detail": {}},
        {"code": 0, "message": "success"},
        {"code": "success", "message": "m"},
        {"code": 200, "msg": "ok"},
    ],
)
def test_a_body_without_an_error_has_none(body):
    assert error_in(body) is None


def test_a_field_error_names_its_parameter():
    said = error_in({"detail": [{"loc": ["body", "input", 0, "size"], "msg": "m", "type": "t"}]}, 422)

    assert said is not None
    assert said.param == "input.0.size"


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (Said(code="moderation_blocked"), 400, Code.CONTENT_POLICY),
        (Said(code="DataInspectionFailed"), 400, Code.CONTENT_POLICY),
        (Said(code="InputTextSensitiveContentDetected"), 400, Code.CONTENT_POLICY),
        (Said(message="内容违规"), 400, Code.CONTENT_POLICY),
        (Said(code="AccountOverdueError"), 403, Code.ACCOUNT_SUSPENDED),
        (Said(message="resource pack exhausted"), 429, Code.QUOTA_EXHAUSTED),
        (Said(message="no such thing"), 418, Code.INVALID_REQUEST),
        (Said(message="whatever"), 500, Code.SERVER_ERROR),
        (Said(message="moderation service says key bad"), 401, Code.UNAUTHORIZED),
        (Said(message="The video is not ready yet"), 409, Code.NOT_READY),
        (Said(message="anything"), 451, Code.CONTENT_POLICY),
    ],
)
def test_an_error_is_translated_by_code_then_words_then_status(said, status, code):
    assert code_of(said, status) is code


@pytest.mark.parametrize(
    ("said", "word", "code"),
    [
        (None, "failed", Code.UPSTREAM_FAILED),
        (None, "EXPIRED", Code.EXPIRED),
        (None, "requires_action", Code.REQUIRES_ACTION),
        (Said(code="SAFETY.INPUT.TEXT", message="m"), "FAILED", Code.CONTENT_POLICY),
        (Said(code="13", message="internal"), None, Code.UPSTREAM_INTERNAL),
        (Said(code="runner_disconnected", message="runner went away"), None, Code.RUNNER_DISCONNECTED),
        (Said(code="InvalidParameter", message="size"), "FAILED", Code.INVALID_REQUEST),
        (Said(message="CUDA out of memory"), "error", Code.UPSTREAM_FAILED),
        (Said(message="Cloudflare challenge or rate limit"), None, Code.RATE_LIMITED),
    ],
)
def test_a_failed_job_is_translated(said, word, code):
    failure = job_failure(said, word=word)

    assert failure.code is code
    assert failure.message


LEAKS = [
    "https://api.vendor.example/v1/x?sig=1",
    "postgres://u:pw@db/x",
    "api.vendor.com",
    "vendor.co.uk/path",
    "10.0.0.7:8080",
    "[fd00:ec2::254]:80",
    "gpu-box:30000",
    "a.b.svc.cluster.local",
    "Bearer abcdef.ghi",
    "sk-abcdefghijklmnop1234",
    "api_key=abc123",
    '"token": "abc123"',
    "someone@vendor.com",
    "request id: 20261122093011ab",
    "req_8f2c1d9a77",
    "0f0e0d0c-0b0a-4908-8706-050403020100",
    "/usr/lib/python3/site-packages/x.py",
    "data:image/png;base64,iVBORw0KGgo=",
]


@pytest.mark.parametrize("leak", LEAKS)
def test_addresses_keys_and_ids_do_not_survive(leak):
    clean = redact(f"It broke at {leak} today")

    assert leak not in clean
    assert clean.startswith("It broke at")
    assert clean.endswith("today")


@pytest.mark.parametrize(
    "text",
    [
        "Invalid size '3x3'. Supported sizes are 720x1280 and 1280x720.",
        "`seconds` is 7; allowed: 4, 8, 12",
        "Model Wan2.2-T2V-A14B takes 4.5 s at 16:9",
        "图片不符合要求，请更换",
    ],
)
def test_harmless_words_survive(text):
    assert redact(text) == text


def test_the_channels_own_secret_goes_whatever_it_looks_like():
    assert "My API Key" not in redact("wrong key My API Key!", "My API Key")


@given(st.text(max_size=3_000))
def test_a_sentence_is_always_short_and_on_one_line(text):
    clean = sentence(text)

    assert len(clean) <= 160
    assert clean.isprintable()


def test_a_page_for_people_gives_no_sentence():
    assert sentence("<!DOCTYPE html><html>502</html>") == ""
    assert sentence("Bad <b>picture</b>. More follows.") == "Bad picture ."


def test_a_raw_word_is_short_and_clean():
    assert raw_word("IN_PROGRESS") == "IN_PROGRESS"
    assert raw_word(3) is None
    assert len(raw_word("x" * 999) or "") <= 60


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("video_1", "video_1"),
        ("sora-2:task_1", "sora-2%3Atask_1"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("..", "%2E%2E"),
        ("é", "%C3%A9"),
    ],
)
def test_an_id_is_one_segment_of_a_path(text, segment):
    assert path_segment(text) == segment


def test_a_fine_answer_is_no_trouble():
    assert trouble_of(reply({"status": "queued"})) is None


def test_trouble_carries_an_excerpt_for_operators_only():
    trouble = trouble_of(reply(b"<html><body>nginx at https://inner.example/x said no</body></html>", 502))

    assert trouble is not None
    assert trouble.code is Code.BAD_GATEWAY_PAYLOAD
    assert "nginx" not in trouble.message
    assert "nginx" in (trouble.detail or "")
    assert "inner.example" not in (trouble.detail or "")
    assert len(trouble.detail or "") <= 200


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "This content may violate our guardrails concerning similarity to third-party content.",
            Code.CONTENT_POLICY,
        ),
        ("The picture shows a real person.", Code.CONTENT_POLICY),
        ("我们的内容审查系统认为该视频可能违反政策", Code.CONTENT_POLICY),
        ("图片中包含真人，无法生成", Code.CONTENT_POLICY),
        ("This group is not permitted to use the model", Code.PERMISSION_OR_CHANNEL),
        ("该令牌无权访问模型", Code.PERMISSION_OR_CHANNEL),
        ("无效的令牌", Code.UNAUTHORIZED),
        ("并发数已达上限", Code.CONCURRENCY_LIMITED),
        ("操作太频繁，请稍后再试", Code.RATE_LIMITED),
        ("当前分组上游负载已饱和，请稍后再试", Code.OVERLOADED),
        ("models/old-1 is no longer available", Code.MODEL_RETIRED),
    ],
)
def test_relays_say_the_same_things_in_their_own_words(text, code):
    assert job_failure(Said(message=text)).code is code
