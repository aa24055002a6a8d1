"""A request becomes a graph, its files are uploaded first, and the answer is read for what it proves."""

from __future__ import annotations

import copy
import pathlib
from typing import Any

import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, ChecksSettings, File, NoReply, Refused, Text, Unclear
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import comfyui
from reelgate.dialects.comfyui import DIALECT
from reelgate.testing.play import play, reply
from tests.dialects.comfyui.case import (
    GRAPH,
    ID,
    INPUTS,
    RECORDED,
    SECRET,
    channel,
    picture,
    submission,
    using,
    workflow,
)

QUEUED = reply({"prompt_id": ID, "number": 7, "node_errors": {}})


def submit(given, *answers, on=None) -> Any:
    return play(DIALECT.submit(given, on or channel()), *(answers or (QUEUED,)))


def graph_of(given, on=None) -> Any:
    return submit(given, on=on).call.json["prompt"]


def refusal_of(given, on=None) -> Any:
    played = play(DIALECT.submit(given, on or channel()))
    assert played.effects == ()
    assert isinstance(played.result, Refused)
    return played.result.failure


def test_every_mapped_input_goes_where_the_settings_say():
    graph = graph_of(submission(seed=7, negative_prompt="rain", extra={"codec": "vp9"}))

    assert graph["6"]["inputs"] == {"text": "a paper boat", "clip": ["4", 1]}
    assert graph["7"]["inputs"]["text"] == "rain"
    assert graph["3"] == {
        "class_type": "KSampler",
        "inputs": {"seed": 7, "model": ["4", 0]},
        "_meta": {"title": "Sampler"},
    }
    assert graph["5"]["inputs"] == {"width": 832, "height": 480, "length": 81}
    assert graph["4"]["inputs"]["ckpt_name"] == "wan.safetensors"
    assert graph["9"]["inputs"]["fps"] == 16
    assert graph["10"]["inputs"] == {"filename_prefix": f"reelgate/{ID}", "format.codec": "vp9"}


def test_what_the_caller_leaves_out_stays_as_the_workflow_has_it():
    assert graph_of(submission())["7"]["inputs"]["text"] == "blurry"


def test_the_settings_are_left_as_they_were():
    before = copy.deepcopy(GRAPH)
    submit(submission())

    assert before == GRAPH


@pytest.mark.parametrize(
    ("seconds", "step", "offset", "fps", "frames"),
    [(5, 4, 1, 16, 81), (5, 8, 1, 24, 121), (3, 1, 0, 8, 24), (2, 4, 1, 7, 13)],
)
def test_seconds_become_as_many_frames_as_the_model_takes(seconds, step, offset, fps, frames):
    on = using(fps=fps, frame_step=step, frame_offset=offset)

    assert graph_of(submission(seconds=seconds), on)["5"]["inputs"]["length"] == frames


def test_a_caller_may_ask_for_another_rate_where_it_is_mapped():
    graph = graph_of(submission(extra={"fps": 24}))

    assert (graph["9"]["inputs"]["fps"], graph["5"]["inputs"]["length"]) == (24, 121)


def test_an_input_may_have_several_targets():
    graph = graph_of(submission(seed=3), using(inputs=INPUTS | {"seed": ["3.seed", "9.noise_seed"]}))

    assert (graph["3"]["inputs"]["seed"], graph["9"]["inputs"]["noise_seed"]) == (3, 3)


def test_without_a_seed_each_attempt_draws_its_own_or_the_server_would_run_nothing():
    seeds = {graph_of(submission(token=f"token-{n}"))["3"]["inputs"]["seed"] for n in range(20)}

    assert len(seeds) == 20
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_job_has_an_id_of_ours_that_is_a_canonical_uuid_and_the_same_each_time():
    body = submit(submission(token="not-a-uuid-" * 4)).call.json
    again = submit(submission(token="not-a-uuid-" * 4)).call.json

    assert body["prompt_id"] == again["prompt_id"] == body["client_id"]
    parts = body["prompt_id"].split("-")
    assert [len(part) for part in parts] == [8, 4, 4, 4, 12]
    assert body["prompt_id"] == body["prompt_id"].lower()
    assert parts[2][0] == "4"
    assert parts[3][0] in "89ab"


def test_a_channel_may_have_a_workflow_for_each_model():
    on = channel(workflows={"wan": workflow(), "*": workflow(inputs={"prompt": "7.text"})})

    named, other = submit(submission(model="wan"), on=on), submit(submission(model="ltx"), on=on)

    assert named.call.json["prompt"]["6"]["inputs"]["text"] == "a paper boat"
    assert other.call.json["prompt"]["7"]["inputs"]["text"] == "a paper boat"
    assert (named.result.ref, other.result.ref) == (f"{ID}@wan", ID)
    assert named.result.upstream_id == ID


def test_a_key_goes_as_a_bearer_token_and_no_key_as_nothing():
    assert submit(submission()).call.headers == {"Authorization": f"Bearer {SECRET}"}
    assert submit(submission(), on=replace(channel(), secret="")).call.headers == {}


# Files.

WITH_PICTURES = INPUTS | {"first_frame": "12.image", "last_frame": "13.image"}


def test_a_file_is_uploaded_under_the_name_of_its_bytes_and_the_servers_name_is_used():
    given = submission(inputs=(picture(), picture(Role.LAST_FRAME, "b")))
    played = submit(
        given,
        reply({"name": "first (1).png", "subfolder": "", "type": "input"}),
        reply({"name": "last.png", "subfolder": "gw", "type": "input"}),
        QUEUED,
        on=using(inputs=WITH_PICTURES),
    )
    first, _, paid = played.calls

    assert (first.method, first.path) == ("POST", "/upload/image")
    assert first.form == (
        File("image", "a" * 64, f"{'a' * 24}-first_frame.png", "image/png"),
        Text("type", "input"),
    )
    assert paid.json["prompt"]["12"]["inputs"]["image"] == "first (1).png"
    assert paid.json["prompt"]["13"]["inputs"]["image"] == "gw/last.png"


def test_references_are_spread_over_their_targets():
    given = submission(inputs=(picture(Role.REFERENCE, "a"), picture(Role.REFERENCE, "b")))
    played = submit(
        given,
        *(reply({"name": f"{n}.png", "subfolder": ""}) for n in "ab"),
        QUEUED,
        on=using(inputs=INPUTS | {"reference": ["12.image", "13.image"]}),
    )
    graph = played.calls[-1].json["prompt"]

    assert [graph[n]["inputs"]["image"] for n in ("12", "13")] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(b"413: Request Entity Too Large", 413), Code.PAYLOAD_TOO_LARGE),
        (reply({"error": "no"}, 401), Code.UNAUTHORIZED),
        (reply(b"", 500), Code.OVERLOADED),
        (reply({"subfolder": ""}), Code.OVERLOADED),
        (reply({"name": 7}), Code.OVERLOADED),
        (NoReply(sent=True, reason="timed out"), Code.OVERLOADED),
    ],
)
def test_an_upload_that_fails_is_a_refusal_for_nothing_was_queued(answer, code):
    given = submission(inputs=(picture(),))
    played = submit(given, answer, on=using(inputs=INPUTS | {"first_frame": "12.image"}))

    assert isinstance(played.result, Refused)
    assert played.result.failure.code is code
    assert len(played.calls) == 1


def test_a_picture_the_workflow_works_from_must_come_unless_it_is_optional():
    inputs = INPUTS | {"first_frame": "12.image"}

    assert refusal_of(submission(), using(inputs=inputs)).param == "input_reference"
    left = graph_of(submission(), using(inputs=inputs, optional=["first_frame"]))
    assert left["12"]["inputs"]["image"] == "example.png"


def test_an_edit_works_from_an_attached_clip():
    on = using(inputs=INPUTS | {"source_video": "12.file"})
    source = picture(Role.SOURCE_VIDEO, media_type="video/mp4")
    played = submit(
        submission(Verb.EDIT, inputs=(source,)), reply({"name": "c.mp4", "subfolder": ""}), QUEUED, on=on
    )

    assert played.calls[-1].json["prompt"]["12"]["inputs"]["file"] == "c.mp4"
    assert refusal_of(submission(Verb.EDIT), on).param == "video"


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (submission(negative_prompt="rain"), "negative_prompt"),
        (submission(seed=1), "seed"),
        (submission(inputs=(picture(),)), "input_reference"),
        (submission(inputs=(picture(Role.SOURCE_VIDEO),)), "video"),
        (submission(extra={"steps": 4}), "steps"),
        (submission(Verb.REMIX), "model"),
        (submission(Verb.EXTEND), "model"),
    ],
)
def test_what_the_workflow_has_no_place_for_is_refused_before_anything_is_sent(given, param):
    failure = refusal_of(given, using(inputs={"prompt": "6.text"}))

    assert (failure.code, failure.param) == (Code.INVALID_REQUEST, param)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("codec", ["4", 0]),
        ("codec", {"a": 1}),
        ("codec", None),
        ("file_prefix", "../../x"),
        ("model", "dearer"),
        ("first_frame", "somebody-elses.png"),
        ("fps", "24"),
        ("fps", True),
        ("fps", 100_000),
    ],
)
def test_an_option_can_neither_rewire_the_graph_nor_stand_for_an_input_of_ours(name, value):
    on = using(inputs=INPUTS | {"first_frame": "12.image"}, optional=["first_frame"])

    assert refusal_of(submission(extra={name: value}), on).param == name


# Settings.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workflows": {}}, "neither this model nor `*`"),
        ({"workflow": {}}, "unknown field `workflow`"),
        ({"api": "soap"}, "$.api"),
        ({"workflows": {"*": {"inputs": {}}}}, "required field `graph`"),
        ({"workflows": {"*": workflow(colour="red")}}, "unknown field `colour`"),
        ({"workflows": {"*": {"graph": {"nodes": [], "links": []}}}}, "export it in the API format"),
        ({"workflows": {"*": {"graph": {"1": {"class_type": "X"}}}}}, "node `1` has no"),
        ({"workflows": {"*": workflow(inputs={"prompt": "99.text"})}}, "inputs.prompt`: `99.text`"),
        ({"workflows": {"*": workflow(inputs={"prompt": "6"})}}, "inputs.prompt`: `6`"),
        ({"workflows": {"*": workflow(output="99")}}, "output`: the graph has no node `99`"),
        ({"workflows": {"*": workflow(progress_node="99")}}, "progress_node`"),
        ({"workflows": {"*": workflow(fps=None)}}, "fps` is needed"),
        ({"workflows": {"*": workflow(frame_step=0)}}, "$.frame_step"),
    ],
)
def test_settings_that_cannot_be_used_are_named_and_another_channel_may_still_do_it(settings, words):
    failure = refusal_of(submission(), channel(**settings))

    assert failure.code is Code.PERMISSION_OR_CHANNEL
    assert words in failure.message
    assert DIALECT.objection(channel(**settings).settings) is not None


def test_settings_that_can_be_used_meet_no_objection():
    assert isinstance(DIALECT, ChecksSettings)
    assert DIALECT.objection(channel().settings) is None


# Answers.


@pytest.mark.parametrize(
    ("name", "param", "words"),
    [
        ("R-SUB-05", None, "prompt_id must be a valid UUID"),
        ("R-SUB-07", None, "Node 'VHS_VideoCombine' not found."),
        ("R-SUB-08", None, "Node 3 (EmptyImage): Value 100000 bigger than max of 16384 (width)"),
        ("R-SUB-09", "fps", "Node 9 (CreateVideo): Required input is missing (fps)"),
        ("R-SUB-10", None, "Node 3 (LoadImage): Custom validation failed for node"),
    ],
)
def test_a_refused_graph_says_which_node_and_which_parameter(name, param, words):
    outcome = submit(submission(), reply(RECORDED[name]["body"], 400)).result

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.param) == (Code.INVALID_REQUEST, param)
    assert outcome.failure.message.startswith(words)


def test_a_size_that_a_node_refuses_is_the_callers_size():
    on = using(inputs=INPUTS | {"width": "3.width"})
    outcome = submit(submission(), reply(RECORDED["R-SUB-08"]["body"], 400), on=on).result

    assert outcome.failure.param == "size"


def test_node_errors_in_a_200_without_an_id_are_a_refusal():
    body = {"node_errors": RECORDED["R-SUB-09"]["body"]["node_errors"], "number": 4}

    assert isinstance(submit(submission(), reply(body)).result, Refused)


def test_node_errors_beside_an_id_do_not_unmake_the_job_for_its_other_outputs_run():
    body = {"prompt_id": ID, "number": 4, "node_errors": RECORDED["R-SUB-09"]["body"]["node_errors"]}
    outcome = submit(submission(), reply(body)).result

    assert isinstance(outcome, Accepted)
    assert outcome.ref == ID


def test_an_older_server_that_gives_an_id_of_its_own_is_asked_by_that():
    assert submit(submission(), reply({"prompt_id": "its-own", "number": 1})).result.ref == "its-own"


def test_a_graph_that_is_too_large_was_never_read():
    answer = reply(b"Maximum request body size 104857600 exceeded", 413)
    outcome = submit(submission(), answer).result

    assert outcome.failure.code is Code.PAYLOAD_TOO_LARGE


def test_a_text_500_is_unclear():
    assert isinstance(submit(submission(), reply(RECORDED["R-SUB-15"]["body"], 500)).result, Unclear)


def test_the_fallback_profile_leaves_the_rest_to_the_workflow():
    text = pathlib.Path(comfyui.__file__).parent.with_suffix(".toml").read_text()
    profile = parse_profiles(text).find("whatever")

    assert profile is not None
    assert objections(submission(seed=1, negative_prompt="x", extra={"steps": 4}).request, profile) == []
    assert objections(submission(watermark=True).request, profile) != []
