"""Vendors that call back tell each ending, signed where they sign, and their forgeries and repetitions come through."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reelgate.core.dialect import AnswersCallbacks, Verifies
from reelgate.testing.round_trip import Traveller
from reelgate.testing.simulators import families
from reelgate.testing.simulators.signing import webhook_secret
from tests.testing.simulators.vendors import Ear, ask, at, listening

SECRET = "simulator-callback-secret"


def video(prompt: str) -> dict[str, Any]:
    return {"model": "m", "content": [{"type": "text", "text": prompt}]}


CREATES: dict[str, Any] = {
    "veo_lro": lambda prompt, url: {
        "instances": [{"prompt": prompt}],
        "parameters": {},
        "webhookConfig": {"uris": [url]},
    },
    "gemini_interactions": lambda prompt, url: {
        "model": "m",
        "input": prompt,
        "background": True,
        "response_format": {"type": "video"},
        "webhook_config": {"uris": [url]},
    },
    "ark": lambda prompt, url: video(prompt) | {"callback_url": url},
    "kling": lambda prompt, url: {"prompt": prompt, "callback_url": url},
    "minimax_v1": lambda prompt, url: {"model": "m", "prompt": prompt, "callback_url": url},
    "minimax_v2": lambda prompt, url: video(prompt) | {"ratio": "16:9", "callback_url": url},
    "fal_queue": lambda prompt, _: {"prompt": prompt},
    "replicate": lambda prompt, url: {"version": "v", "input": {"prompt": prompt}, "webhook": url},
    "luma": lambda prompt, url: {"model": "m", "prompt": prompt, "callback_url": url},
    "kie_veo": lambda prompt, url: {"model": "veo3", "prompt": prompt, "callBackUrl": url},
}
PATHS = {
    "veo_lro": "/v1beta/models/m:predictLongRunning",
    "gemini_interactions": "/v1beta/interactions",
    "ark": "/api/v3/contents/generations/tasks",
    "kling": "/v1/videos/text2video",
    "minimax_v1": "/v1/video_generation",
    "minimax_v2": "/v2/video_generation",
    "fal_queue": "/fal-ai/app?fal_webhook=",
    "replicate": "/v1/predictions",
    "luma": "/dream-machine/v1/generations/video",
    "kie_veo": "/api/v1/veo/generate",
}
SUCCESS = {
    "veo_lro": ("type", "video.generated"),
    "gemini_interactions": ("type", "interaction.completed"),
    "ark": ("status", "succeeded"),
    "kling": ("task_status", "succeed"),
    "minimax_v1": ("status", "success"),
    "minimax_v2": ("status", "succeeded"),
    "fal_queue": ("status", "OK"),
    "replicate": ("status", "succeeded"),
    "luma": ("state", "completed"),
    "kie_veo": ("code", 200),
}
SIGNED = ["veo_lro", "gemini_interactions", "replicate", "fal_queue"]


async def create(on: Traveller, ear: Ear, prompt: str) -> str:
    name = on.channel.dialect
    path = PATHS[name] + (ear.url if name == "fal_queue" else "")
    status, told = await ask(on, "POST", path, CREATES[name](prompt, ear.url))
    assert status < 300, told
    return on.simulator.bill.lines[-1].ref


def successes(name: str, bodies: list[Any]) -> int:
    key, word = SUCCESS[name]
    return sum(body.get(key) == word for body in bodies)


async def secret_of(on: Traveller) -> str:
    """What a receiver checks with, as the vendor itself gives it out."""
    match on.channel.dialect:
        case "fal_queue":
            _, keys = await ask(on, "GET", "/.well-known/jwks.json")
            return msgspec.json.encode(keys).decode()
        case "replicate":
            _, told = await ask(on, "GET", "/v1/webhooks/default/secret")
            return told["key"]
        case _:
            return webhook_secret(SECRET)


def test_every_vendor_that_calls_back_is_tried_here():
    ours = {n for n, f in families().items() if f.tell is not None and n in CREATES}

    assert ours == set(CREATES) == set(PATHS) == set(SUCCESS)


@pytest.mark.parametrize("name", sorted(CREATES))
async def test_an_ending_is_told_once(name, tmp_path):
    async with listening() as ear, at(name, tmp_path, key="plain-key") as on:
        await create(on, ear, "a boat")
        await ear.until(lambda bodies: successes(name, bodies) == 1)
        later = await create(on, ear, "a boat")
        bodies = await ear.until(lambda bodies: successes(name, bodies) >= 2)

    assert successes(name, bodies) == 2
    assert later in repr(bodies[-1])


@pytest.mark.parametrize("name", sorted(CREATES))
async def test_a_repeated_callback_is_the_same_callback(name, tmp_path):
    async with listening() as ear, at(name, tmp_path, key="plain-key") as on:
        await create(on, ear, "a boat [fault:duplicate_callback]")
        await ear.until(lambda bodies: successes(name, bodies) == 3)
    named = [each.headers.get("webhook-id") for each in ear.heard[-3:]]

    assert len(set(named)) == 1
    assert (named[0] is not None) is (name in set(SIGNED) - {"fal_queue"})


@pytest.mark.parametrize("name", SIGNED)
async def test_a_signed_callback_is_believed_and_a_forged_one_is_not(name, tmp_path):
    async with listening() as ear, at(name, tmp_path) as on:
        assert isinstance(on.dialect, Verifies)
        ref = await create(on, ear, "a boat [fault:forged_callback]")
        await ear.until(lambda bodies: successes(name, bodies) == 2)
        secret, now_ms = await secret_of(on), on.clock.now_ms()
        verdicts = [on.dialect.verify(each, secret, now_ms) for each in ear.heard]

    assert verdicts[0] is None
    assert set(verdicts[1:]) == {ref}


@pytest.mark.parametrize("name", sorted(set(CREATES) - set(SIGNED)))
async def test_a_forged_callback_without_a_signature_claims_what_a_poll_denies(name, tmp_path):
    async with listening() as ear, at(name, tmp_path, key="plain-key") as on:
        ref = await create(on, ear, "a boat [fault:forged_callback] [fault:fails]")
        bodies = await ear.until(lambda bodies: len(bodies) >= 2)
        full = f"text2video/{ref}" if name == "kling" else f"veo/{ref}" if name == "kie_veo" else ref
        seen = await on.poll(full)

    assert not isinstance(on.dialect, Verifies)
    assert successes(name, bodies[:1]) == 1
    assert not seen.outputs


@pytest.mark.parametrize("name", sorted(CREATES))
async def test_nobody_is_told_where_a_fault_says_so(name, tmp_path):
    async with listening() as ear, at(name, tmp_path, key="plain-key") as on:
        silent = await create(on, ear, "a boat [fault:no_callback]")
        told = await create(on, ear, "a boat")
        bodies = await ear.until(lambda bodies: successes(name, bodies) >= 1)

    assert silent not in repr(bodies)
    assert told in repr(bodies)


@pytest.mark.parametrize("name", ["minimax_v1", "minimax_v2"])
@pytest.mark.parametrize("echo", [True, False])
async def test_an_address_that_does_not_echo_the_challenge_is_refused(name, echo, tmp_path):
    async with listening(echo=echo) as ear, at(name, tmp_path) as on:
        _, told = await ask(on, "POST", PATHS[name], CREATES[name]("a boat", ear.url))
        assert isinstance(on.dialect, AnswersCallbacks)

    assert told.get("base_resp", {}).get("status_code", 0) == (0 if echo else 2013)
    assert len(on.simulator.bill) == int(echo)
