"""The built-in renderer as a dialect: what it asks for, what it makes of the answers, which plan a request becomes."""

from __future__ import annotations

import tomllib
from collections.abc import Generator
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import (
    Accepted,
    Channel,
    Drawing,
    Found,
    NoReply,
    NotFound,
    Observation,
    Phase,
    Refused,
    Render,
    Submission,
    Unclear,
    capabilities,
)
from reelgate.core.profile import Profiles, objections, parse_profiles
from reelgate.core.render import Framing, Look, Move, Plan, Style, Subject, Weather
from reelgate.core.task import Input, Request, Role, Size, Verb
from reelgate.dialects.animatic import DIALECT, FPS, plan_of

CHANNEL = Channel(id="channel_1", name="animatic", dialect="animatic", base_url="")


def request(prompt: str = "Waves roll in at sunset.", *inputs: Input, **changes: Any) -> Request:
    plain = Request(
        verb=Verb.CREATE,
        model="animatic-1",
        prompt=prompt,
        seconds=4,
        size=Size(720, 1280),
        inputs=inputs,
        seed=7,
    )
    return msgspec.structs.replace(plain, **changes)


def stored(role: Role, letter: str, media_type: str = "image/png", **more: Any) -> Input:
    return Input(role=role, sha256=letter * 64, media_type=media_type, bytes=9, **more)


def plan(prompt: str = "Waves roll in at sunset.", *inputs: Input, **changes: Any) -> Plan:
    return plan_of(request(prompt, *inputs, **changes), "token")


def step(flow: Generator[Any, Any, Any], answer: Any) -> tuple[Any, Any]:
    """Give what a flow asked for and what it returned after one answer."""
    asked = next(flow)
    with pytest.raises(StopIteration) as stopped:
        flow.send(answer)
    return asked, stopped.value.value


def submission(**changes: Any) -> Submission:
    return Submission(
        request=request(**changes), upstream_model="animatic-1", token="token", submitted_at_ms=0
    )


def profiles() -> Profiles:
    return parse_profiles((files("reelgate.dialects") / "animatic.toml").read_text())


# The flow.


def test_submitting_asks_for_the_drawing_under_the_attempts_token() -> None:
    asked, outcome = step(DIALECT.submit(submission(), CHANNEL), Drawing(state="waiting"))

    assert isinstance(asked, Render)
    assert asked.key == "token"
    assert asked.plan is not None
    assert isinstance(outcome, Accepted)
    assert outcome.ref == "token"


def test_a_drawing_that_could_not_begin_is_refused_and_nothing_else_is() -> None:
    _, refused = step(DIALECT.submit(submission(), CHANNEL), Drawing(state="failed", error="no space left"))
    _, unclear = step(DIALECT.submit(submission(), CHANNEL), NoReply(sent=True, reason="?"))

    assert isinstance(refused, Refused)
    assert "no space left" in refused.failure.message
    assert isinstance(unclear, Unclear)


@pytest.mark.parametrize(
    ("drawing", "phase", "progress"),
    [
        (Drawing(state="waiting"), Phase.QUEUED, None),
        (Drawing(state="drawing", progress=41), Phase.IN_PROGRESS, 41),
        (Drawing(state="drawing"), Phase.IN_PROGRESS, None),
        (Drawing(state="done", progress=100), Phase.COMPLETED, 100),
        (Drawing(state="failed", error="why"), Phase.FAILED, None),
        (Drawing(state="stopped"), Phase.CANCELLED, None),
        (Drawing(state="absent"), None, None),
    ],
)
def test_every_state_of_a_drawing_has_its_phase(
    drawing: Drawing, phase: Phase | None, progress: int | None
) -> None:
    asked, seen = step(DIALECT.poll("token", CHANNEL), drawing)

    assert asked == Render(key="token")
    assert isinstance(seen, Observation)
    assert (seen.phase, seen.progress, seen.word) == (phase, progress, drawing.state)
    assert seen.lost == (drawing.state == "absent")
    assert (seen.error is not None) == (phase is Phase.FAILED)
    assert [o.drawing for o in seen.outputs] == (["token"] if phase is Phase.COMPLETED else [])


def test_a_poll_that_got_something_else_learned_nothing() -> None:
    _, seen = step(DIALECT.poll("token", CHANNEL), NoReply(sent=False, reason="?"))

    assert seen.phase is None
    assert not seen.lost
    assert seen.trouble is not None


@pytest.mark.parametrize(
    ("state", "ended"), [("stopped", True), ("failed", True), ("absent", True), ("done", False)]
)
def test_cancelling_stops_a_drawing_unless_it_is_finished(state: Any, ended: bool) -> None:
    asked, outcome = step(DIALECT.cancel("token", CHANNEL), Drawing(state=state))

    assert asked == Render(key="token", stop=True)
    assert outcome.ended is ended


def test_it_offers_cancel_and_find_and_nothing_it_does_not_have() -> None:
    assert capabilities(DIALECT) == {"cancel", "find"}


def test_a_drawing_is_found_under_its_token_or_was_certainly_never_begun() -> None:
    asked, found = step(
        DIALECT.find(submission(), CHANNEL, frozenset()), Drawing(state="drawing", progress=4)
    )
    _, missed = step(DIALECT.find(submission(), CHANNEL, frozenset()), Drawing(state="absent"))
    _, unclear = step(DIALECT.find(submission(), CHANNEL, frozenset()), NoReply(sent=True, reason="?"))

    assert asked == Render(key="token")
    assert isinstance(found, Found)
    assert found.ref == "token"
    assert isinstance(missed, NotFound)
    assert missed.certain
    assert isinstance(unclear, Unclear)


# The profile.


def test_the_profile_says_that_nothing_is_generated_and_nothing_costs() -> None:
    profile = profiles().find("animatic-1")

    assert profile is not None
    assert not profile.generative
    assert profile.quote(60) == 0
    assert set(profile.verbs) == set(Verb)
    assert profiles().find("another") is None


def test_the_profile_refuses_what_the_renderer_cannot_do() -> None:
    profile = profiles().find("animatic-1")
    assert profile is not None

    assert objections(request(), profile) == []
    assert objections(request(size=Size(721, 1280)), profile)
    assert objections(request(seconds=61), profile)
    assert objections(request(verb=Verb.EXTEND, seconds=60, parent_seconds=61), profile)
    assert objections(request("x", *[stored(Role.REFERENCE, c) for c in "123456789"]), profile)


def test_the_profile_file_is_plain_toml() -> None:
    assert tomllib.loads((files("reelgate.dialects") / "animatic.toml").read_text())["dialect"] == "animatic"


# The plan.

_PIECES = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        ["Shot 1:", "Shot 2:\nduration: 5sec\nScene: ", "镜头3（2秒）：", "\x00\x07\u202e", "🎬🧑🏽‍🚀", "שלום عالم. ", "。", "\n", "duration: 0", "Shot 9999: "]
    ),
)  # fmt: skip


@given(prompt=st.lists(_PIECES, max_size=30).map("".join), seconds=st.integers(1, 60))
def test_any_prompt_gives_a_plan_whose_frames_add_up_exactly(prompt: str, seconds: int) -> None:
    made = plan(prompt, seconds=seconds)

    assert made.total_frames == seconds * FPS
    assert all(shot.frames >= 12 for shot in made.shots)
    assert all(shot.caption.isprintable() and shot.title.isprintable() for shot in made.shots)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Plan) == made


@given(
    letters=st.lists(st.sampled_from([Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE]), max_size=10),
    seconds=st.integers(1, 20),
)
def test_the_first_frame_opens_and_the_last_frame_closes(letters: list[Role], seconds: int) -> None:
    inputs = [stored(role, f"{i:x}") for i, role in enumerate(letters)]
    made = plan("One. Two. Three. Four.", *inputs, seconds=seconds)

    firsts = [i.sha256 for i in inputs if i.role is Role.FIRST_FRAME]
    lasts = [i.sha256 for i in inputs if i.role is Role.LAST_FRAME]
    shown = [shot.picture.sha256 for shot in made.shots if shot.picture is not None]
    assert bool(shown) == bool(inputs)
    if lasts:
        assert shown[-1] == lasts[0]
    if firsts and (len(made.shots) > 1 or not lasts):
        assert shown[0] == firsts[0]
    assert made.total_frames == seconds * FPS


def test_a_prompt_of_32000_characters_gives_captions_of_a_readable_length() -> None:
    made = plan("A very long road. " * 1777)

    assert max(len(shot.caption) for shot in made.shots) <= 600


def test_the_same_request_and_seed_give_the_same_plan_and_another_seed_another() -> None:
    assert plan() == plan()
    assert plan(seed=8) != plan()
    assert plan_of(request(seed=None), "one") == plan_of(request(seed=None), "one")
    assert plan_of(request(seed=None), "one") != plan_of(request(seed=None), "two")


def test_shot_blocks_keep_their_proportions() -> None:
    made = plan(
        "Shot 1:\nduration: 5sec\nScene: A harbour.\n\nShot 2:\nduration: 10sec\nScene: A storm.", seconds=12
    )

    assert [shot.frames for shot in made.shots] == [96, 192]
    assert [shot.caption for shot in made.shots] == ["A harbour.", "A storm."]


@pytest.mark.parametrize(
    ("prompt", "frames"),
    [
        ("Shot 1 (3s): a fox. Shot 2 (1s): a bear.", [72, 24]),
        ("镜头1：（3秒）海边。镜头2（1秒）：城市。", [72, 24]),
        ("SHOT 1 - a fox\nSHOT 2 - a bear", [48, 48]),
        ("Shot 1: a fox for 3 seconds, running", [96]),
        ("镜头一：海边\n时长：1秒\n镜头二：城市\n时长：1秒", [48, 48]),
    ],
)
def test_looser_shot_blocks_are_understood(prompt: str, frames: list[int]) -> None:
    assert [shot.frames for shot in plan(prompt).shots] == frames


def test_a_title_on_the_line_of_a_block_becomes_the_title() -> None:
    made = plan("Shot 1: The harbour\nduration: 2s\nScene: Boats at rest.")

    assert made.shots[0].title == "Shot 1 · The harbour"
    assert made.shots[0].caption == "Boats at rest."


def test_camera_lines_are_followed_but_not_shown() -> None:
    shot = plan("Shot 1:\nScene: A lake.\nCamera: slow zoom out, aerial").shots[0]

    assert (shot.move, shot.framing) == (Move.PULL_OUT, Framing.AERIAL)
    assert shot.caption == "A lake."


def test_plain_sentences_share_the_time_and_no_shot_is_too_short_to_read() -> None:
    made = plan("One bird. Two birds. Three birds. Four birds. Five birds.", seconds=4)

    assert 1 < len(made.shots) <= 4
    assert min(shot.frames for shot in made.shots) >= 34
    assert "".join(shot.caption for shot in made.shots).count("bird") == 5


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("waves on the beach", Style.SEA),
        ("海浪拍打着礁石", Style.SEA),
        ("a pine forest", Style.FOREST),
        ("竹林深处", Style.FOREST),
        ("neon street in the rain", Style.CITY),
        ("城市的霓虹", Style.CITY),
        ("an astronaut near a planet", Style.COSMOS),
        ("雪山日出", Style.MOUNTAINS),
        ("沙漠里的骆驼", Style.DESERT),
        ("a field of flowers", Style.MEADOW),
        ("car on the highway", Style.ROAD),
        ("a quiet kitchen", Style.ROOM),
        ("campfire flames", Style.FIRE),
        ("above the clouds", Style.SKY),
        ("portrait of a woman", Style.PORTRAIT),
        ("coral reef, jellyfish", Style.UNDERWATER),
        ("zxcv", Style.ABSTRACT),
    ],
)
def test_words_become_scenes(prompt: str, style: Style) -> None:
    assert plan(prompt).shots[0].backdrop.style is style


def test_words_become_weather_hour_and_figure() -> None:
    rainy = plan("rainy night in the city, a woman with an umbrella").shots[0].backdrop
    quiet = plan("a calm, slow, peaceful lake with a boat at sunset").shots[0].backdrop
    wild = plan("a wild storm, fast waves, crash").shots[0].backdrop

    assert (rainy.weather, rainy.night, rainy.subject) == (Weather.RAIN, True, Subject.PERSON)
    assert (quiet.low_sun, quiet.night, quiet.subject) == (True, False, Subject.BOAT)
    assert quiet.energy < 0.3 < wild.energy


def test_a_colour_word_changes_the_colours() -> None:
    assert plan("a purple sea").shots[0].backdrop.colours != plan("a sea").shots[0].backdrop.colours


def test_a_word_inside_another_word_means_nothing() -> None:
    assert plan("a seasoned treasurer").shots[0].backdrop.style is Style.ABSTRACT


def test_the_weather_of_one_block_does_not_reach_the_next() -> None:
    made = plan("Shot 1: rain over the sea\nShot 2: the sea again")

    assert [shot.backdrop.weather for shot in made.shots] == [Weather.RAIN, Weather.CLEAR]


def test_a_character_is_shown_when_the_prompt_names_it_and_not_otherwise() -> None:
    mia = stored(Role.REFERENCE, "a", character_id="c1", character_name="Mia")
    zhou = stored(Role.REFERENCE, "b", "video/mp4", character_id="c2", character_name="小舟")

    made = plan(
        "@Mia walks in the forest. Then 小舟 waves from the boat. Nobody sees it. Miami.",
        mia,
        zhou,
        seconds=12,
    )

    assert [[f.name for f in shot.cast] for shot in made.shots] == [["Mia"], ["小舟"], [], []]
    assert made.shots[1].cast[0].picture.clip
    assert [shot.picture for shot in made.shots] == [None] * 4


def test_an_extension_plays_its_source_first_and_then_adds_its_own_seconds() -> None:
    source = stored(Role.SOURCE_VIDEO, "a", "video/mp4", seconds=4.0)
    made = plan("Dawn.", source, verb=Verb.EXTEND, parent_seconds=4, seconds=3)

    assert made.lead_in is not None
    assert (made.lead_in_frames, made.total_frames) == (4 * FPS, 7 * FPS)
    assert made.files == {"a" * 64}


def test_an_edit_shows_its_source_in_a_new_look() -> None:
    source = stored(Role.SOURCE_VIDEO, "a", "video/mp4", seconds=4.0)
    made = plan("Make it black and white, cold.", source, verb=Verb.EDIT)

    assert made.look is Look.MONO
    assert all(shot.picture is not None and shot.picture.clip for shot in made.shots)


def test_a_remix_is_planned_like_its_parent_with_new_words() -> None:
    first = stored(Role.FIRST_FRAME, "a")

    made = plan("A forest.", first, verb=Verb.REMIX, parent_id="video_1")

    assert made == plan("A forest.", first)


def test_sound_can_be_left_out() -> None:
    assert plan().audio
    assert not plan(audio=False).audio


def test_titles_follow_the_language_of_the_words() -> None:
    assert plan("海边。").shots[0].title == "镜头 1"
    assert plan("A beach.").shots[0].title == "Shot 1"
