"""A recipe is checked, filled in and read; what it cannot carry is refused."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import (
    Accepted,
    ChecksSettings,
    Embedded,
    File,
    NoReply,
    Observation,
    Phase,
    Refused,
    Text,
    Unclear,
)
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.juxin_unified import DIALECT as JUXIN_BY_HAND
from reelgate.dialects.recipe import DIALECT, schema
from reelgate.dialects.recipe.schema import Recipe, Unusable, parse, recipe_of
from reelgate.dialects.zhenzhen_v2 import DIALECT as ZHENZHEN_BY_HAND
from reelgate.testing.play import play, reply
from tests.dialects.golden import vectors_of
from tests.dialects.recipe.case import REF, SHIPPED, channel, job, on_shipped, reading, recipe_with, shipped
from tests.dialects.samples import SECRET, holds, picture, read, submission, texts

ACCEPTED = reply({"id": REF})


def call_of(given, on=None) -> Any:
    return play(DIALECT.submit(given, on or channel()), ACCEPTED).call


def submit(answer, on=None, given=None) -> Any:
    return play(DIALECT.submit(given or submission(), on or channel()), answer).result


def poll(answer, on=None) -> Observation:
    return play(DIALECT.poll(REF, on or channel()), answer).result


def refusal_of(given, on=None) -> Any:
    played = play(DIALECT.submit(given, on or channel()))
    assert played.effects == ()
    assert isinstance(played.result, Refused)
    return played.result.failure


# The shipped recipes, against the answers the hand-written dialects are held to.

GIVEN = [
    (vector, name, by_hand)
    for name, by_hand, dialects in (
        ("juxin", JUXIN_BY_HAND, ("juxin_unified", "juxin_any", "juxin_console")),
        ("zhenzhen", ZHENZHEN_BY_HAND, ("zhenzhen_v2",)),
    )
    for vector in vectors_of(*dialects)
]


@pytest.mark.parametrize(("vector", "name", "by_hand"), GIVEN, ids=[v["id"] for v, _, _ in GIVEN])
def test_a_shipped_recipe_reads_a_relay_as_the_dialect_written_by_hand_does(vector, name, by_hand):
    holds(vector, reading(name))

    assert read(vector, reading(name)) == read(vector, by_hand)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_a_recipe(path):
    assert isinstance(parse(path.read_text("utf-8")), Recipe)


def test_the_recipe_in_the_guide_is_a_recipe():
    guide = (pathlib.Path(__file__).parents[3] / "docs" / "guides" / "recipes.md").read_text("utf-8")
    (text,) = re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)

    assert DIALECT.objection({"recipe": text}) is None


@pytest.mark.parametrize(
    "struct", [Recipe, schema.Create, schema.Poll, schema.Errors, schema.Auth, schema.Upload]
)
def test_the_guide_names_every_key(struct):
    guide = (pathlib.Path(__file__).parents[3] / "docs" / "guides" / "recipes.md").read_text("utf-8")

    assert [
        name for name in struct.__struct_fields__ if not re.search(rf"[`.\[]{name}\b|^{name} =", guide, re.M)
    ] == [name for name in ("about",) if name in struct.__struct_fields__]


WIDE = replace(submission(watermark=False, private=True).request, size=Size(1280, 720))


@pytest.mark.parametrize(
    ("name", "by_hand"), [("juxin", JUXIN_BY_HAND), ("zhenzhen", ZHENZHEN_BY_HAND)], ids=["juxin", "zhenzhen"]
)
@pytest.mark.parametrize("request_", [submission().request, WIDE], ids=["plain", "with switches"])
def test_a_shipped_recipe_pays_for_what_the_dialect_written_by_hand_does(name, by_hand, request_):
    mine = replace(submission(), request=request_)
    on = on_shipped(name)

    ours, theirs = (play(d.submit(mine, on), ACCEPTED).call for d in (DIALECT, by_hand))

    assert (ours.method, ours.path, dict(ours.headers)) == (theirs.method, theirs.path, dict(theirs.headers))
    assert {k: v for k, v in ours.json.items() if v != []} == {
        k: v for k, v in theirs.json.items() if v != []
    }


def test_pictures_go_over_the_relays_file_host_where_it_takes_addresses_only():
    played = play(
        DIALECT.submit(submission(Verb.CREATE, picture()), on_shipped("juxin")),
        reply({"data": {"url": "https://files.example/a.png"}}),
        ACCEPTED,
    )
    upload, paid = played.calls

    assert (upload.path, upload.form) == (
        "/api/upload",
        (File("file", "a" * 64, "first_frame.png", "image/png"),),
    )
    assert upload.headers == {"Authorization": f"Bearer {SECRET}"}
    assert paid.json["images"] == ["https://files.example/a.png"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"error": {"message": "no"}}, 401), Code.UNAUTHORIZED),
        (reply(b"<html></html>", 404), Code.OVERLOADED),
        (reply({"url": "ftp://x"}), Code.OVERLOADED),
        (NoReply(sent=True, reason="t"), Code.OVERLOADED),
    ],
)
def test_an_upload_that_fails_is_a_refusal_for_nothing_was_paid(answer, code):
    outcome = submit(answer, on_shipped("juxin"), submission(Verb.CREATE, picture()))

    assert outcome.failure.code is code


# Placeholders.


def body_of(given=None, **template: Any) -> Any:
    return call_of(given or submission(), channel(("create.body", template), ("create.extra", True))).json


def test_a_placeholder_alone_keeps_its_type_and_in_a_text_becomes_text():
    body = body_of(
        submission(seed=7),
        n="{{seconds}}",
        s="{{seconds|string}}",
        t="{{ model }}-{{seconds}}s",
        seed="{{seed}}",
        deep=[{"w": "{{width}}", "constant": True}, "{{size}}", 3],
    )

    assert body == {
        "n": 8,
        "s": "8",
        "t": "m-1-8s",
        "seed": 7,
        "deep": [{"w": 720, "constant": True}, "720x1280", 3],
    }


def test_a_placeholder_without_a_value_takes_its_field_with_it():
    assert body_of(seed="{{seed}}", list=["{{seed}}", 1], frame="{{first_frame}}", prompt="{{prompt}}") == {
        "list": [1],
        "prompt": "a paper boat",
    }


def test_a_number_may_be_made_of_a_text():
    assert body_of(submission(model="25"), n="{{model|number}}", x="{{prompt|number}}") == {"n": 25}


def test_shapes_of_a_size():
    assert body_of(a="{{ratio}}", b="{{orientation}}", c="{{resolution}}", d="{{height}}") == {
        "a": "9:16",
        "b": "portrait",
        "c": "720p",
        "d": 1280,
    }


def test_a_prompt_cannot_hold_a_placeholder():
    sly = replace(submission(), request=replace(submission().request, prompt="{{token}} {{model}}"))

    assert body_of(sly, prompt="{{prompt}}", mixed="say: {{prompt}}") == {
        "prompt": "{{token}} {{model}}",
        "mixed": "say: {{token}} {{model}}",
    }


def test_a_table_translates_and_a_star_is_any_other():
    tables = ("tables", {"class": {"720p": "small", "*": "large"}})
    on = channel(tables, ("create.body", {"size": "{{resolution|class}}"}))
    large = replace(submission(), request=replace(submission().request, size=Size(1920, 1080)))

    assert call_of(submission(), on).json == {"size": "small"}
    assert call_of(large, on).json == {"size": "large"}


def test_a_value_its_table_does_not_have_is_refused_before_anything_is_sent():
    on = channel(("tables", {"len": {"5": 5, "10": 10}}), ("create.body", {"n": "{{seconds|len}}"}))

    assert refusal_of(submission(), on).param == "seconds"


def test_files_go_as_data_urls_or_plain_base64_in_json():
    given = submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME))
    on = channel(
        ("create.body", {"images": "{{images}}", "one": "{{images|first|base64}}", "last": "{{last_frame}}"})
    )

    assert call_of(given, on).json == {
        "images": [Embedded("a" * 64, "image/png")],
        "one": Embedded("a" * 64, "image/png", data_url=False),
        "last": Embedded("a" * 64, "image/png"),
    }


def test_files_go_as_parts_of_a_form():
    given = submission(Verb.CREATE, picture(), picture(Role.REFERENCE))
    on = channel(
        ("create.encoding", "form"),
        (
            "create.body",
            {"prompt": "{{prompt}}", "n": "{{seconds}}", "more": {"a": 1}, "image": "{{images}}"},
        ),
    )
    call = call_of(given, on)

    assert call.json is None
    assert texts(call) == {"prompt": "a paper boat", "n": "8", "more": '{"a":1}'}
    assert [part.filename for part in call.form if isinstance(part, File)] == [
        "first_frame.png",
        "reference.png",
    ]
    assert all(part.name == "image" for part in call.form if isinstance(part, File))
    assert isinstance(call.form[0], Text)


def test_a_value_in_a_path_stays_one_segment():
    on = channel(("create.path", "/models/{{model}}/jobs"))

    assert call_of(submission(model="../a b"), on).path == "/models/..%2Fa%20b/jobs"
    played = play(DIALECT.poll("a/../b?c", channel()), reply(job()))
    assert played.call.path == "/jobs/a%2F..%2Fb%3Fc"


def test_the_key_goes_in_the_header_the_recipe_names_and_no_template_takes_its_place():
    on = channel(
        ("auth", {"header": "X-Key", "value": "{{key}}"}),
        ("create.headers", {"X-Model": "{{model}}", "X-Key": "other"}),
    )

    assert call_of(submission(), on).headers == {"X-Model": "m-1", "X-Key": SECRET}
    assert call_of(submission(), replace(on, secret="")).headers == {"X-Model": "m-1", "X-Key": "other"}


def test_options_nobody_knows_are_passed_on_where_the_recipe_says_so_and_never_overrule():
    sent = body_of(submission(extra={"hd": True, "prompt": "other"}), prompt="{{prompt}}")

    assert sent == {"prompt": "a paper boat", "hd": True}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (submission(negative_prompt="rain"), "negative_prompt"),
        (submission(watermark=False), "watermark"),
        (submission(audio=True), "audio"),
        (submission(extra={"hd": True}), "hd"),
        (submission(Verb.CREATE, picture(Role.LAST_FRAME)), "input_reference"),
        (submission(Verb.CREATE, picture(character_id="char_1")), "input_reference"),
        (submission(Verb.REMIX, parent_ref="p"), "model"),
    ],
)
def test_what_the_recipe_has_no_place_for_is_refused_before_anything_is_sent(given, param):
    failure = refusal_of(given)

    assert (failure.code, failure.param) == (Code.INVALID_REQUEST, param)


# What is wrong with a recipe.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("colour", "red")], "unknown field `colour`"),
        ([("create", ...)], "required field `create`"),
        ([("create.pth", "/x")], "unknown field `pth` - at `recipe.create`"),
        ([("create.path", 7)], "got `int` - at `recipe.create.path`"),
        ([("create.path", "jobs")], "at `recipe.create.path`"),
        ([("create.path", "https://elsewhere.example/")], "at `recipe.create.path`"),
        ([("create.id", [])], "at `recipe.create.id`"),
        ([("create.id", ["id"])], "at `recipe.create.id[0]`"),
        ([("create.body.x", "{{promt}}")], "`recipe.create.body`: unknown placeholder `promt`"),
        ([("create.body.x", "{{prompt")], "`{{prompt` has braces that are no placeholder"),
        ([("create.body.x", "{{prompt|loud}}")], "unknown filter `loud`"),
        ([("create.body.x", "{{prompt|base64}}")], "`base64` does not fit `prompt`"),
        ([("create.body.x", "{{images|string}}")], "`string` does not fit `images`"),
        ([("create.body.x", "see {{first_frame}}")], "`first_frame` stands for a file"),
        ([("create.body.x", "{{images|url}}")], "needs `upload`"),
        ([("create.encoding", "form"), ("create.body.x", "{{images|base64}}")], "is for JSON bodies"),
        ([("create.path", "/{{first_frame}}")], "`recipe.create.path`: unknown placeholder"),
        ([("create.headers", {"X: y": "z"})], "recipe.create.headers"),
        ([("poll.path", "/jobs")], "`recipe.poll` asks about no job"),
        ([("poll.path", "/jobs/{{prompt}}")], "`recipe.poll.path`: unknown placeholder `prompt`"),
        ([("poll.outputs", [])], "neither `outputs` nor `content`"),
        ([("poll.words", {"X": "running"})], "recipe.poll.words"),
        ([("poll.progress", [{"path": "/p", "kind": "share"}])], "recipe.poll.progress[0].kind"),
        ([("errors.codes", {"1": "teapot"})], "recipe.errors.codes"),
        ([("auth", {"value": "Bearer"})], "`recipe.auth.value` does not send the key"),
        ([("auth", {"value": "{{secret}}"})], "unknown placeholder `secret`"),
        ([("tables", {"string": {"a": "b"}})], "has the name of a filter"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused_naming_the_key(changes, words):
    on = channel(*changes)
    reason = DIALECT.objection(on.settings)

    assert reason is not None
    assert words in reason
    failure = refusal_of(submission(), on)
    assert failure.code is Code.PERMISSION_OR_CHANNEL
    assert failure.message.startswith("This channel's recipe cannot be used: ")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "`recipe` is missing"),
        ({"recipe": 7}, "Expected `object`"),
        ({"recipe": "name = "}, "neither TOML nor JSON"),
        ({"recipe": '{"name": '}, "neither TOML nor JSON"),
        ({"recipe": recipe_with(), "auth": "x"}, "`auth` is no setting"),
    ],
)
def test_settings_without_a_readable_recipe_say_so(settings, words):
    read_ = recipe_of(settings)

    assert isinstance(read_, Unusable)
    assert words in read_.reason


def test_a_recipe_may_be_an_object_or_text_in_json_or_toml():
    as_text = msgspec.json.encode(recipe_with()).decode()

    assert recipe_of({"recipe": as_text}) == recipe_of({"recipe": recipe_with()})
    assert isinstance(recipe_of({"recipe": shipped("juxin")}), Recipe)
    assert isinstance(DIALECT, ChecksSettings)
    assert DIALECT.objection({"recipe": shipped("juxin")}) is None


def test_a_job_outlives_a_recipe_that_was_broken_meanwhile():
    seen = play(DIALECT.poll(REF, channel(("poll.path", 7)))).result

    assert (seen.phase, seen.lost) == (None, False)
    assert seen.trouble is not None


# Reading answers.


@pytest.mark.parametrize(
    "body", [{"id": REF}, {"data": {"id": REF}}, {"data": {"id": ""}, "id": REF}, {"id": 12}]
)
def test_the_first_place_that_has_an_id_counts(body):
    outcome = submit(reply(body))

    assert isinstance(outcome, Accepted)
    assert outcome.ref == str(body.get("id") or REF)


@pytest.mark.parametrize(
    "body", [{}, {"id": ""}, {"id": None}, {"id": ["x"]}, {"id": "x" * 600}, {"id": "a\nb"}]
)
def test_without_a_usable_id_nobody_can_tell(body):
    assert isinstance(submit(reply(body)), Unclear)


def test_an_error_beside_an_id_accepts_nothing():
    assert isinstance(submit(reply({"id": REF, "error": {"message": "broke"}})), Unclear)


def test_the_recipe_s_own_code_says_why_a_call_was_refused():
    body = {"error": {"code": "E17", "message": "no"}}

    assert submit(reply(body, 400)).failure.code is Code.CONTENT_POLICY
    assert submit(reply({"error": {"message": "A real face."}}, 400)).failure.code is Code.CONTENT_POLICY
    assert submit(reply(body)).failure.code is Code.CONTENT_POLICY
    assert submit(reply({"error": {"message": "a", "code": "E9"}}, 400)).failure.code is Code.INVALID_REQUEST


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_no_code_makes_a_refusal_of_an_answer_that_proves_nothing(status):
    assert isinstance(submit(reply({"error": {"code": "E17", "message": "no"}}, status)), Unclear)


def test_a_mapped_throttle_keeps_its_wait():
    on = channel(("errors.codes", {"busy": "concurrency_limited"}))
    body = {"error": {"code": "busy", "message": "later"}}

    failure = submit(reply(body, 429, {"retry-after": "7"}), on).failure
    assert (failure.code, failure.retry_after_s) == (Code.CONCURRENCY_LIMITED, 7)


OK = ("errors.ok", {"path": "/code", "values": [0, "0"]})


def test_an_answer_that_is_not_ok_is_an_error_whatever_its_http_status():
    on = channel(OK, ("errors.codes", {"1026": "content_policy"}))

    assert isinstance(submit(reply({"code": 0, "id": REF}), on), Accepted)
    assert isinstance(submit(reply({"id": REF}), on), Accepted)
    assert submit(reply({"code": 1026, "message": "no", "id": REF}), on).failure.code is Code.CONTENT_POLICY
    assert isinstance(submit(reply({"code": 7, "message": "no", "id": REF}), on), Unclear)
    assert isinstance(submit(reply({"code": False, "id": REF}), on), Unclear)


def test_an_answer_that_is_not_ok_keeps_the_state_of_a_job():
    seen = poll(reply({"code": 1002, "message": "rate limit"} | job("running")), channel(OK))

    assert (seen.phase, seen.outputs) == (None, ())
    assert seen.trouble is not None
    assert seen.trouble.code is Code.RATE_LIMITED


def test_a_failed_job_in_an_answer_that_is_not_ok_is_failed():
    seen = poll(reply({"code": 1026, "message": "A face."} | job("failed")), channel(OK))

    assert seen.phase is Phase.FAILED
    assert seen.error is not None
    assert seen.error.code is Code.CONTENT_POLICY


@pytest.mark.parametrize(
    ("states", "phase"),
    [
        (("queued", "running"), Phase.QUEUED),
        (("pondering", "running"), Phase.IN_PROGRESS),
        ((None, "CRUNCHING"), Phase.IN_PROGRESS),
        (("running", "failed"), Phase.FAILED),
        (("running", "cancelled"), Phase.CANCELLED),
        (("running", "done"), Phase.IN_PROGRESS),
        (("pondering", None), None),
    ],
)
def test_the_first_known_word_counts_unless_another_says_that_it_is_over(states, phase):
    inner, outer = states

    assert poll(reply({"data": {"id": REF, "state": inner}, "status": outer})).phase is phase


def test_an_outer_success_with_a_clip_ends_what_still_runs_inside():
    body = job("running", url="https://cdn.example/c.mp4") | {"status": "done"}

    assert poll(reply(body)).phase is Phase.COMPLETED


@pytest.mark.parametrize("word", ["error", "failed", "FAILURE"])
def test_a_word_that_may_be_about_the_answer_ends_a_job_only_in_an_answer_about_one(word):
    assert poll(reply({"status": word, "message": "try later"})).phase is None
    assert poll(reply({"status": word, "id": REF})).phase is Phase.FAILED
    assert (
        poll(reply({"status": word, "reason": "x"}), channel(("poll.job", ["/reason"]))).phase is Phase.FAILED
    )


def test_the_clip_is_at_the_first_place_that_has_an_address():
    def url(**data):
        return [output.url for output in poll(reply(job("done", **data))).outputs]

    assert url(urls=[], url="https://cdn.example/c.mp4") == ["https://cdn.example/c.mp4"]
    assert url(urls=["https://cdn.example/1.mp4", {"url": "https://cdn.example/2.mp4"}, 7]) == [
        "https://cdn.example/1.mp4",
        "https://cdn.example/2.mp4",
    ]
    assert url(urls="javascript:alert(1)", url=None) == []


def test_a_clip_on_the_upstream_s_own_host_is_fetched_with_the_key():
    (output,) = poll(reply(job("done", url="https://upstream.example/files/c.mp4"))).outputs

    assert output.url is None
    assert output.call is not None
    assert output.call.headers == {"Authorization": f"Bearer {SECRET}"}


def test_a_clip_without_an_address_is_fetched_where_the_recipe_says():
    on = channel(("poll.outputs", []), ("poll.content", "/jobs/{{id}}/content"))
    (output,) = poll(reply(job("done")), on).outputs

    assert output.call is not None
    assert (output.call.path, output.call.headers) == (
        f"/jobs/{REF}/content",
        {"Authorization": f"Bearer {SECRET}"},
    )


def test_a_success_word_is_believed_only_with_what_the_recipe_requires():
    on = channel(("poll.requires", ["/data/checked"]))
    clip = {"url": "https://cdn.example/c.mp4"}

    assert poll(reply(job("done", **clip)), on).outputs == ()
    assert poll(reply(job("done", checked=True, **clip)), on).outputs != ()


def test_a_success_with_an_error_and_no_clip_is_a_failure_and_a_plain_message_is_not():
    withheld = poll(reply(job("done") | {"error": {"code": "E17", "message": "no"}}))

    assert withheld.phase is Phase.FAILED
    assert withheld.error is not None
    assert withheld.error.code is Code.CONTENT_POLICY
    assert poll(reply(job("done") | {"message": "success", "code": 0})).phase is Phase.COMPLETED


@pytest.mark.parametrize(
    ("kind", "raw", "progress"),
    [
        ("percent", 54, 54),
        ("percent", "54%", 54),
        ("percent", 1, 1),
        ("fraction", 1, 100),
        ("fraction", 0.29, 29),
        ("percent_string", "54%", 54),
        ("percent_string", 54, None),
    ],
)
def test_progress_is_read_as_the_recipe_says_never_by_its_value(kind, raw, progress):
    on = channel(("poll.progress", [{"path": "/nothing"}, {"path": "/data/percent", "kind": kind}]))

    assert poll(reply(job(percent=raw)), on).progress == progress


def test_a_question_may_be_a_post_with_a_body():
    on = channel(
        ("poll.method", "POST"),
        ("poll.path", "/status"),
        ("poll.body", {"requestId": "{{id}}"}),
        ("poll.query", {"v": "2"}),
    )
    call = play(DIALECT.poll(REF, on), reply(job())).call

    assert (call.method, call.json, call.query) == ("POST", {"requestId": REF}, (("v", "2"),))


@pytest.mark.parametrize("place", ["/data/id/x", "/data/0", "/data/99999999", "/a~1b", "/"])
def test_a_place_that_is_not_there_is_nothing(place):
    assert isinstance(submit(reply({"data": [], "x": 1}), channel(("create.id", [place]))), Unclear)


def test_a_place_may_go_through_a_list_and_a_name_with_a_stroke():
    on = channel(("create.id", ["/a~1b/1/id"]))

    assert submit(reply({"a/b": [0, {"id": "x1"}]}), on).ref == "x1"


def test_the_fallback_profile_leaves_the_rest_to_the_recipe():
    profile = parse_profiles(SHIPPED.parent.with_suffix(".toml").read_text("utf-8")).find("whatever")

    assert profile is not None
    assert objections(submission(seed=1, watermark=True, extra={"hd": True}).request, profile) == []


# Bent answers and bent recipes.

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
JUNK = ANYTHING | st.just("x" * 200_000)
LIVING = st.sampled_from(["queued", "IN_PROGRESS", "pending", "processing", "NOT_START", "pondering"])


@given(
    name=st.sampled_from(["juxin", "zhenzhen"]),
    word=LIVING,
    more=st.dictionaries(
        st.sampled_from(
            [
                "id",
                "task_id",
                "detail",
                "data",
                "progress",
                "error",
                "message",
                "code",
                "fail_reason",
                "video_url",
            ]
        ),
        JUNK,
        max_size=5,
    ),
    status=st.sampled_from([200, 400, 404, 429, 500]),
)
def test_a_bent_answer_never_ends_a_living_job(name, word, more, status):
    seen = poll(reply({"id": REF, "status": word} | more, status), on_shipped(name))

    assert seen.phase in {None, Phase.QUEUED, Phase.IN_PROGRESS}
    assert seen.progress is None or 0 <= seen.progress <= 100


@given(vector=st.sampled_from(GIVEN), data=st.data())
def test_a_bent_recording_never_makes_a_flow_raise(vector, data):
    recording, name, _ = vector
    body = dict(recording["body"])
    key = data.draw(st.sampled_from(sorted(body)))
    body[key] = data.draw(JUNK)
    seen = read(recording | {"body": body}, reading(name))

    if recording["expect"].get("status") in {"queued", "in_progress"} and key not in {"status", "detail"}:
        assert seen.status is not Phase.FAILED


@given(body=ANYTHING, status=st.integers(100, 599), name=st.sampled_from(["juxin", "zhenzhen"]))
def test_no_answer_at_all_makes_a_flow_raise(body, status, name):
    poll(reply(body, status), on_shipped(name))
    submit(reply(body, status), on_shipped(name))


@given(
    place=st.sampled_from(["create", "poll", "errors", "auth", "tables", "create.body", "poll.words"]),
    junk=JUNK,
)
def test_a_bent_recipe_is_refused_or_used_but_never_raises(place, junk):
    on = channel((place, junk))

    outcome = play(
        DIALECT.submit(submission(), on), *([] if DIALECT.objection(on.settings) else [ACCEPTED])
    ).result
    assert isinstance(outcome, Refused | Accepted | Unclear)
