"""A channel's `callback_url` goes where each upstream wants it, and nowhere when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.app import load_dialects
from reelgate.core.dialect import Call, ChecksSettings, Recorded
from tools.providers import first_call

DIALECTS, PROFILES = load_dialects()
HOOK = "https://gate.example/callbacks/chan_1/s3cret"

BODIES: dict[str, dict[str, Any]] = {
    "ark": {"callback_url": HOOK},
    "gemini_interactions": {"webhook_config": {"uris": [HOOK]}},
    "kie_veo": {"callBackUrl": HOOK},
    "kling": {"callback_url": HOOK},
    "luma": {"callback_url": HOOK},
    "minimax_v1": {"callback_url": HOOK},
    "minimax_v2": {"callback_url": HOOK},
    "openrouter": {"callback_url": HOOK},
    "replicate": {"webhook": HOOK, "webhook_events_filter": ["completed"]},
    "veo_lro": {"webhookConfig": {"uris": [HOOK]}},
    "zhenzhen_v2": {"notify_hook": HOOK},
}
IN_THE_ADDRESS = {"fal_queue": [("fal_webhook", HOOK)]}


def first(dialect: str, **settings: Any) -> object:
    return first_call(DIALECTS[dialect], PROFILES[dialect], **settings)


def call(dialect: str, **settings: Any) -> Call:
    effect = first(dialect, **settings)
    assert isinstance(effect, Call)
    return effect


@pytest.mark.parametrize("dialect", sorted(BODIES))
def test_the_address_stands_in_the_body_beside_everything_else(dialect: str):
    assert call(dialect, callback_url=HOOK).json == call(dialect).json | BODIES[dialect]


def test_fal_takes_it_in_the_address():
    asked = call("fal_queue", callback_url=HOOK)

    assert list(asked.query) == IN_THE_ADDRESS["fal_queue"]
    assert asked.json == call("fal_queue").json


@pytest.mark.parametrize("dialect", sorted({*BODIES, *IN_THE_ADDRESS}))
@pytest.mark.parametrize("value", ["", "gate.example/x", "file:///x", 3, None, [HOOK]])
def test_what_is_no_address_is_not_sent(dialect: str, value: object):
    asked, plain = call(dialect, callback_url=value), call(dialect)

    assert (asked.json, list(asked.query)) == (plain.json, list(plain.query))


STRICT = {"comfyui", "recipe"}
"""They refuse a channel with a setting they do not know."""


@pytest.mark.parametrize("dialect", sorted({*DIALECTS} - {*BODIES, *IN_THE_ADDRESS} - STRICT))
def test_an_upstream_that_calls_nobody_back_is_not_told_an_address(dialect: str):
    assert first(dialect, callback_url=HOOK) == first(dialect)


@pytest.mark.parametrize("dialect", sorted(STRICT))
def test_an_unknown_setting_is_objected_to_by_name(dialect: str):
    speaks = DIALECTS[dialect]
    assert isinstance(speaks, ChecksSettings)
    working = getattr(speaks, "recorded", Recorded()).settings

    assert speaks.objection(working) is None
    assert "callback_url" in (speaks.objection({**working, "callback_url": HOOK}) or "")


def test_vertex_takes_no_address():
    assert (
        call("veo_lro", platform="vertex", callback_url=HOOK).json == call("veo_lro", platform="vertex").json
    )
