"""The profiles of the hosted upstreams: readable, in agreement with themselves, and carried by their dialects."""

from __future__ import annotations

from importlib import import_module, resources

import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Embedded
from reelgate.core.profile import Profile, Profiles, objections, parse_profiles
from reelgate.core.task import Role, Size, Verb, parse_size
from tests.dialects.samples import channel, picture, submission

NAMES = (
    "fal_queue",
    "kie_veo",
    "luma",
    "minimax_v1",
    "minimax_v2",
    "replicate",
    "runway",
    "siliconflow",
    "xai",
)


def profiles(name: str) -> Profiles:
    return parse_profiles(resources.files("reelgate.dialects").joinpath(f"{name}.toml").read_text("utf-8"))


MODELS = [(name, model) for name in NAMES for model in profiles(name).model]


def size_of(text: str) -> Size:
    size = parse_size(text)
    assert size is not None
    return size


@pytest.mark.parametrize(("name", "model"), MODELS, ids=lambda v: v if isinstance(v, str) else v.name)
def test_a_model_takes_its_own_defaults_and_says_where_they_are_from(name: str, model: Profile):
    verb = model.verbs[0]
    clip = (picture(Role.SOURCE_VIDEO, "video/mp4"),) if verb is not Verb.CREATE else ()
    asked = replace(
        submission(verb, *clip).request, seconds=model.seconds_default, size=size_of(model.size_default)
    )

    assert objections(asked, model) == []
    assert model.source
    assert model.confidence
    assert model.price_per_second or model.price_per_clip
    assert 1 <= model.poll_seconds <= 30


@pytest.mark.parametrize(("name", "model"), MODELS, ids=lambda v: v if isinstance(v, str) else v.name)
def test_every_size_of_a_model_reaches_the_wire(name: str, model: Profile):
    """Shows 001-24."""

    dialect = import_module(f"reelgate.dialects.{name}").DIALECT
    seconds = min(model.seconds) if model.seconds else model.seconds_default
    clip = (picture(Role.SOURCE_VIDEO, "video/mp4"),) if model.verbs[0] is not Verb.CREATE else ()
    bodies: list[str] = []
    for text in model.sizes:
        asked = submission(model.verbs[0], *clip, model=model.name)
        asked = replace(asked, request=replace(asked.request, size=size_of(text), seconds=seconds))
        call = next(dialect.submit(asked, channel(name)))
        bodies.append(repr(call.json))
        assert model.name in f"{call.path} {call.json!r}"
    if name not in {"minimax_v1", "minimax_v2", "kie_veo"}:
        assert len(set(bodies)) == len(bodies), "no two sizes are the same to the upstream"


@pytest.mark.parametrize(("name", "model"), MODELS, ids=lambda v: v if isinstance(v, str) else v.name)
def test_a_picture_a_model_takes_goes_along(name: str, model: Profile):
    dialect = import_module(f"reelgate.dialects.{name}").DIALECT
    for role in (Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE):
        if role not in model.inputs or model.verbs[0] is not Verb.CREATE:
            continue
        asked = submission(Verb.CREATE, picture(role), model=model.name)
        asked = replace(asked, request=replace(asked.request, seconds=model.seconds_default))
        body = next(dialect.submit(asked, channel(name))).json
        assert repr(Embedded("a" * 64, "image/png")) in repr(body)
