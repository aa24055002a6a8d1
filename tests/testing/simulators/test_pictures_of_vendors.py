"""Words alone and a first picture both become a clip that plays, at every simulated vendor."""

from __future__ import annotations

import pytest

from reelgate.core.task import Size
from tests.testing.simulators.vendors import accepted, at, brought_home, frames, picture

TAKE_FILES = {
    "ark": {},
    "comfyui": {"model": "from-image"},
    "dashscope": {"model": "wan2.6-i2v"},
    "fal_queue": {"model": "fal-ai/wan/v2.6/image-to-video"},
    "gemini_interactions": {},
    "kling": {},
    "minimax_v1": {},
    "minimax_v2": {},
    "replicate": {"model": "bytedance/seedance-2.0"},
    "runway": {},
    "siliconflow": {"model": "Wan-AI/Wan2.2-I2V-A14B"},
    "veo_lro": {},
    "xai": {},
}
TAKE_ADDRESSES = {
    "kie_veo": {"imageUrls": ["https://pictures.example/1.png"]},
    "luma": {"keyframes": {"frame0": {"type": "image", "url": "https://pictures.example/1.png"}}},
}


@pytest.mark.parametrize("name", sorted(TAKE_FILES | TAKE_ADDRESSES))
async def test_words_become_a_clip_that_plays(name, tmp_path):
    async with at(name, tmp_path) as on:
        data = await brought_home(on, await accepted(on))

    assert frames(data) == 8
    assert len(on.simulator.bill) == 1


@pytest.mark.parametrize("name", sorted(TAKE_FILES))
async def test_a_picture_becomes_a_clip_that_plays(name, tmp_path):
    async with at(name, tmp_path) as on:
        data = await brought_home(on, await accepted(on, picture(), **TAKE_FILES[name]))

    assert frames(data) == 8
    assert len(on.simulator.bill) == 1


@pytest.mark.parametrize("name", sorted(TAKE_ADDRESSES))
async def test_where_files_go_by_address_only_an_address_becomes_a_clip_that_plays(name, tmp_path):
    async with at(name, tmp_path) as on:
        data = await brought_home(on, await accepted(on, extra=TAKE_ADDRESSES[name], size=Size(720, 1280)))

    assert frames(data) == 8
    assert len(on.simulator.bill) == 1
