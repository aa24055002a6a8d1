"""LiteLLM for real: its proxy as Reelgate's upstream, its proxy and its SDK as Reelgate's clients."""
# ruff: noqa: TID251 - a client and an environment of its own, outside the process under test

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import openai
import pytest

from tests.faults.conftest import bill, reelgate
from tests.litellm.conftest import KEY, Place, environment

pytestmark = [
    pytest.mark.slow,
    # The SDK marks its video methods as deprecated since the original service ended.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
PATIENCE_S = 120.0

SDK = """\
import json, os, sys, time
import litellm

reach = {"api_base": os.environ["BASE"], "api_key": os.environ["KEY"], "custom_llm_provider": "openai"}
video = litellm.video_generation(model="openai/animatic-1", prompt="A paper boat", seconds="1", **reach)
seen = [video.status]
end = time.monotonic() + 120
while seen[-1] not in ("completed", "failed") and time.monotonic() < end:
    time.sleep(0.1)
    seen.append(litellm.video_status(video_id=video.id, **reach).status)
clip = litellm.video_content(video_id=video.id, **reach)
print(json.dumps({"version": litellm.__file__, "seen": seen, "magic": clip[4:8].decode()}))
"""


def test_reelgate_makes_a_clip_through_the_proxy_and_pays_once(place: Place, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    asked = ("--model", "behind", "--seconds", "4", "--size", "720x1280", "-o", str(clip))

    reelgate(place.server.data, "generate", "A boat through the proxy", *asked)

    assert clip.read_bytes()[4:8] == b"ftyp"
    assert [line["prompt"] for line in bill(place.folder)].count("A boat through the proxy") == 1
    reelgate(place.server.data, "doctor", "--invariants")


def test_a_refusal_through_the_proxy_pays_nothing_and_is_never_taken_for_a_clip(place: Place):
    body = {"model": "behind", "prompt": "a boat [fault:refuse]", "seconds": "4", "size": "720x1280"}
    made = place.server.call("POST", "/v1/videos", place.key, body)

    deadline = time.monotonic() + PATIENCE_S
    inbox = ""
    while made["status"] != "failed" and made["id"] not in inbox:
        assert time.monotonic() < deadline, made
        time.sleep(0.2)
        made = place.server.call("GET", f"/v1/videos/{made['id']}", place.key)
        inbox = reelgate(place.server.data, "inbox", "list", "--json")

    assert [line for line in bill(place.folder) if line["prompt"] == body["prompt"]] == []


def test_the_official_sdk_makes_a_clip_through_the_proxy_in_front_of_reelgate(place: Place):
    with openai.OpenAI(base_url=place.proxy, api_key=KEY, max_retries=0) as client:
        video = client.videos.create(
            model="through-reelgate", prompt="A paper boat", extra_body={"seconds": "1"}
        )
        # The id in the proxy's answer to a poll has lost the deployment: asked with that one it would look
        # for the job at its provider's own address. Only the first id leads to Reelgate, and polls keep to it.
        done = client.videos.poll(video.id)

        assert done.status == "completed", done.error
        assert client.videos.download_content(video.id).read()[4:8] == b"ftyp"


def test_litellms_own_sdk_makes_a_clip_at_reelgate(place: Place, installed: Path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OPENAI_", "REELGATE_"))}
    reach = {"BASE": f"{place.server.address}/v1", "KEY": place.key}

    done = subprocess.run(
        [installed / "python", "-c", SDK],
        env={**clean, **environment(), **reach},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["seen"][-1], said["magic"]) == ("completed", "ftyp"), said
    assert set(said["seen"]) <= {"queued", "in_progress", "completed"}
