"""Video through a chat stream: two families of text, failures inside a 200, and streams that break."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Closed, Embedded, Follow, Line, NoReply, Phase, Refused, Unclear
from reelgate.core.errors import Code
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.chat_stream import DIALECT, TEXT_MAX
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on
from tests.dialects.samples import channel, picture, submission

BASE = "https://relay.example/v1"
SHARE = "https://share.example/api/share"
PLAIN = channel("chat_stream", BASE)
SHARING = channel("chat_stream", BASE, share=SHARE)
CLIP = "https://cdn.example/d1.mp4?sig=x&e=1"
TASK = "task_01k0000000000000000000aaaa"
SID = "s_" + "0a" * 16
EVENTS = {"content-type": "text/event-stream"}


def chunk(content: str | None = None, thought: str | None = None, finish: str | None = None) -> str:
    delta = {"content": content, "reasoning_content": thought, "tool_calls": None}
    body = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(body)}\n\n"


def stream(*parts: str, done: str = "data: [DONE]\n\n") -> Any:
    return reply("".join(parts) + done, 200, EVENTS)


VIDEO = f"```html\n<video src='{CLIP}' controls></video>\n```"
SORA = (
    chunk(thought="**Video Generation Process Begins**\n\n"),
    chunk(thought="**Video Generation Progress**: 9% (running)\n"),
    chunk(thought="**Video Generation Progress**: 54% (running)\n"),
    chunk(VIDEO, finish="STOP"),
)


def letters(text: str) -> tuple[str, ...]:
    """One chunk for every two characters, as the other family does it."""
    return tuple(chunk(text[at : at + 2]) for at in range(0, len(text), 2))


ECHO = '```json\n{\n  "prompt": "progress 99% of a sale, see https://shop.example/ad.mp4",\n  "orientation": "portrait"\n}\n```\n\n'
HEAD = f"> ID: `{TASK}`\n> [数据预览](https://share.example/web/{TASK}.mp4) | [原始数据](https://share.example/source/{TASK})\n"
ASYNC = (
    *letters(ECHO),
    *letters(HEAD + "> 排队中.....\n> 生成中.....\n"),
    *(chunk(part) for part in (">🏃‍ 进度 ", "36..", "44..", "6", "1..", "81..")),
    *letters(f"\n> 生成完成 ✅\n> sid: {SID}\n![poster](https://cdn.example/p.webp)\n[在线播放▶️]({CLIP})\n"),
    chunk("", finish="stop"),
)


def shared(**content: Any) -> Any:
    return reply({"content": content})


CASE = Case(
    dialect=DIALECT,
    channel=SHARING,
    submission=submission(),
    ref=TASK,
    accepted=(stream(*SORA),),
    refused=(reply({"error": {"message": "bad model", "type": "invalid_request_error"}}, 400),),
    running=(shared(progress=61, status="processing"),),
    completed=(shared(progress=100, status="completed", url=CLIP, gif_url="https://cdn.example/d.gif"),),
    failed=(shared(progress=100, status="failed", message="It broke."),),
    empty_completed=(shared(progress=100, status="completed", url=None),),
    unknown_word=(shared(progress=61, status="pondering"),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (shared(progress=raw, status="processing"),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


def submit(*answers: Any, wire: Any = PLAIN, given: Any = None) -> Any:
    return play(DIALECT.submit(given or submission(), wire), *answers)


def progress_seen(played: Any) -> list[int]:
    told = [e.seen.progress for e in played.effects if isinstance(e, Follow) and e.seen is not None]
    return sorted({p for p in told if p is not None})


def told_later(ref: str) -> Any:
    return play(DIALECT.poll(ref, PLAIN)).result


# The paid call.


def test_a_request_is_a_message_and_orientation_and_length_go_into_the_name():
    given = submission(model="sora2-{orientation}-{seconds}s")
    sent = submit(stream(*SORA), given=given).call

    assert (sent.path, sent.stream) == ("/chat/completions", True)
    assert sent.timeout_s >= 120
    assert sent.json == {
        "model": "sora2-portrait-8s",
        "messages": [{"role": "user", "content": "a paper boat"}],
        "stream": True,
    }
    wide = replace(given, request=replace(given.request, size=Size(1280, 720)))
    assert submit(stream(*SORA), given=wide).call.json["model"] == "sora2-landscape-8s"


def test_a_picture_goes_as_a_data_url_beside_the_text():
    sent = submit(stream(*SORA), given=submission(Verb.CREATE, picture(), extra={"stream": False})).call

    assert sent.json["stream"] is True
    assert sent.json["messages"][0]["content"] == [
        {"type": "text", "text": "a paper boat"},
        {"type": "image_url", "image_url": {"url": Embedded("a" * 64, "image/png", data_url=True)}},
    ]


def test_a_remix_gives_the_assistants_words_back():
    sent = submit(stream(*SORA), given=submission(Verb.REMIX, parent_ref=f"{SID} {CLIP}")).call

    assert sent.json["messages"] == [
        {"role": "assistant", "content": f"> sid: {SID}"},
        {"role": "user", "content": "a paper boat"},
    ]


@pytest.mark.parametrize(
    "given",
    [
        submission(Verb.REMIX, parent_ref=CLIP),
        submission(Verb.REMIX),
        submission(Verb.EDIT, parent_ref=f"{SID} {CLIP}"),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
    ],
    ids=["no session", "a stranger's clip", "edit", "last frame"],
)
def test_what_this_wire_cannot_carry_is_refused_before_anything_is_sent(given):
    played = submit(given=given)

    assert isinstance(played.result, Refused)
    assert played.effects == ()


# The first family.


def test_progress_is_shown_while_the_stream_runs_and_the_clip_is_kept_in_the_ref():
    """Shows 002-14."""

    played = submit(stream(*SORA))

    assert progress_seen(played) == [9, 54]
    assert played.result.ref == CLIP
    assert played.result.observation.phase is Phase.COMPLETED
    later = told_later(played.result.ref)
    assert (later.phase, later.outputs[0].url) == (Phase.COMPLETED, CLIP)


@pytest.mark.parametrize(
    ("text", "code", "retryable"),
    [
        ("❌ 生成失败: content policy", Code.CONTENT_POLICY, False),
        ("❌ Generation failed: Cloudflare challenge or rate limit", Code.RATE_LIMITED, True),
        ("❌", Code.UPSTREAM_FAILED, False),
    ],
)
def test_a_cross_in_the_text_is_a_failure_though_the_stream_says_stop(text, code, retryable):
    outcome = submit(stream(chunk(thought="Progress: 81%"), chunk(text, finish="STOP"))).result

    assert isinstance(outcome, Accepted)
    assert outcome.observation is not None
    assert (outcome.observation.phase, outcome.observation.progress) == (Phase.FAILED, 81)
    later = told_later(outcome.ref)
    assert (later.phase, later.error.code, later.error.retryable) == (Phase.FAILED, code, retryable)


def test_done_with_literal_line_ends_behind_it_is_done():
    broken = stream(chunk("❌ Generation failed: rate limit", finish="STOP"), done="data: [DONE]\\n\\n")

    assert told_later(submit(broken).result.ref).error.code is Code.RATE_LIMITED


def test_an_error_event_is_a_failure_and_hides_what_it_must():
    error = {
        "message": "boom at https://inner.example/x",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    outcome = submit(stream(f"data: {json.dumps({'error': error})}\n\n")).result
    later = told_later(outcome.ref)

    assert later.error.code is Code.UPSTREAM_INTERNAL
    assert "inner.example" not in outcome.ref


def test_a_clip_wins_over_a_cross_before_it():
    text = f"❌ no clean version\n{VIDEO}"

    assert submit(stream(chunk(text, finish="STOP"))).result.ref == CLIP


def test_an_answer_that_ends_without_a_clip_is_no_output():
    outcome = submit(stream(chunk("This model is available.", finish="stop"))).result

    assert told_later(outcome.ref).error.code is Code.NO_OUTPUT


def test_an_answer_that_was_filtered_says_so():
    outcome = submit(stream(chunk("", finish="content_filter"))).result

    assert told_later(outcome.ref).error.code is Code.CONTENT_POLICY


# The second family.


def test_the_progress_line_grows_from_chunk_to_chunk_and_the_echo_of_the_prompt_counts_for_nothing():
    played = submit(stream(*ASYNC))

    assert progress_seen(played) == [36, 44, 61, 81]
    assert played.result.ref == f"{SID} {CLIP}"
    assert told_later(played.result.ref).outputs[0].url == CLIP


def test_a_cut_stream_of_it_is_unclear_and_names_the_job_to_operators():
    cut = (
        reply(b"", 200, EVENTS),
        *(Line(p.strip()) for p in ASYNC[:-40]),
        Closed(clean=False, reason="reset"),
    )
    outcome = submit(*cut).result

    assert isinstance(outcome, Unclear)
    assert TASK in (outcome.detail or "")


def test_with_a_share_address_a_cut_stream_is_followed_further():
    cut = (
        reply(b"", 200, EVENTS),
        *(Line(p.strip()) for p in ASYNC[:-40]),
        Closed(clean=False, reason="reset"),
    )
    outcome = submit(*cut, wire=SHARING).result

    assert outcome.ref == TASK
    call = play(DIALECT.poll(TASK, SHARING), shared(progress=61, status="processing")).call
    assert (call.path, call.headers) == (f"{SHARE}/{TASK}", {})


def test_without_a_share_address_nobody_is_asked():
    played: Any = play(DIALECT.poll(TASK, PLAIN))

    assert played.effects == ()
    assert (played.result.phase, played.result.lost) == (None, False)
    assert played.result.trouble is not None


# Either.


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ('<video controls src="https://a.example/x?id=1">', "https://a.example/x?id=1"),
        ("<video src='https://a.example/x.mp4?a=1&amp;b=2'>", "https://a.example/x.mp4?a=1&b=2"),
        ("[play](https://a.example/x.webm)", "https://a.example/x.webm"),
        ("![p](https://a.example/p.webp) [go](https://a.example/x.MOV?s=1)", "https://a.example/x.MOV?s=1"),
        ("[download video](https://a.example/dl/1)", "https://a.example/dl/1"),
        ("here: https://a.example/x.mp4.", "https://a.example/x.mp4"),
        ('{"video_url": "https://a.example/y"}', "https://a.example/y"),
        ("https://a.example/x.mp4 <video src='https://a.example/first.mp4'>", "https://a.example/first.mp4"),
    ],
)
def test_the_places_of_the_clip_are_tried_in_order(text, url):
    assert submit(stream(chunk(text, finish="stop"))).result.ref == url


@pytest.mark.parametrize(
    "text",
    [
        "![p](https://a.example/p.webp)",
        "https://a.example/x.gif",
        "https://a.example/x.mp4.png",
        "[数据预览](https://a.example/x.mp4)",
        "<video src='file:///x.mp4'>",
        "ftp://a.example/x.mp4",
    ],
)
def test_posters_previews_and_other_schemes_are_no_clip(text):
    assert submit(stream(chunk(text, finish="stop"))).result.ref.startswith("failed:no_output:")


def test_a_completion_that_was_no_stream_is_read_whole():
    message = {"role": "assistant", "content": f"[download video]({CLIP})"}
    whole = reply({"object": "chat.completion", "choices": [{"message": message, "finish_reason": "stop"}]})

    assert submit(whole).result.ref == CLIP


@pytest.mark.parametrize(
    "ending",
    [
        (Closed(clean=False, reason="reset"),),
        (Closed(clean=True),),
        (Line(": keep-alive"), Line("event: ping"), Line("data: {broken"), Closed(clean=True)),
    ],
    ids=["cut", "closed", "noise"],
)
def test_a_stream_that_ends_without_an_ending_is_unclear(ending):
    running = chunk(thought="**Video Generation Progress**: 36% (running)\n").strip()
    played = submit(reply(b"", 200, EVENTS), Line(running), *ending)

    assert isinstance(played.result, Unclear)
    assert progress_seen(played) in ([], [36])


def test_an_empty_finish_reason_on_every_chunk_ends_nothing():
    played = submit(stream(chunk(thought="Progress: 36%", finish=""), done=""))

    assert isinstance(played.result, Unclear)


def test_a_connection_that_never_was_is_refused_and_retryable():
    outcome = submit(NoReply(sent=False, reason="refused")).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.retryable


def test_a_busy_relay_may_be_asked_again_before_the_stream_began():
    busy = reply({"error": {"message": "server is busy", "type": "server_error"}}, 503)

    assert submit(busy).result.failure.code is Code.OVERLOADED


@pytest.mark.parametrize(
    ("ref", "phase", "code"),
    [
        ("failed:content_policy:no: really", Phase.FAILED, Code.CONTENT_POLICY),
        ("failed:nonsense:x", Phase.FAILED, Code.UPSTREAM_FAILED),
        ("failed:", Phase.FAILED, Code.UPSTREAM_FAILED),
        (CLIP, Phase.COMPLETED, None),
        (f"{SID} {CLIP}", Phase.COMPLETED, None),
    ],
)
def test_a_ref_holds_the_ending_so_that_a_restart_loses_nothing(ref, phase, code):
    seen = told_later(ref)

    assert seen.phase is phase
    assert (seen.error.code if seen.error else None) is code


def test_a_reason_with_colons_in_it_stays_whole():
    assert told_later("failed:content_policy:no: really").error.message == "no: really"


def test_a_stream_without_end_is_kept_within_bounds():
    flood = [Line(chunk("x" * 5_000).strip())] * 40
    played = submit(
        reply(b"", 200, EVENTS),
        *flood,
        Line(chunk(f"\n{VIDEO}", finish="stop").strip()),
        Line("data: [DONE]"),
    )

    assert len(flood) * 5_000 > TEXT_MAX
    assert played.result.ref == CLIP


@given(
    st.lists(
        st.sampled_from([*SORA[:-1], *ASYNC[:-60], "data: {\n", "data: null\n", ": x\n", "\n"])
        | st.text(max_size=60),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_no_stream_raises_and_none_without_an_ending_ends_a_job(parts):
    played = submit(stream(*parts, done=""))

    assert isinstance(played.result, Unclear | Refused)


@given(damaged({"content": {"progress": 61, "status": "processing"}}))
@settings(max_examples=100, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, SHARING, TASK, body)
