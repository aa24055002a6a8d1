"""Two workflows of core nodes, so that a channel can speak to the simulator at once."""

from __future__ import annotations

from typing import Any, Final


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


_SHARED: Final[dict[str, Any]] = {
    "1": _node("UNETLoader", unet_name="simulated.safetensors", weight_dtype="default"),
    "2": _node("CLIPLoader", clip_name="simulated_text.safetensors", type="wan"),
    "3": _node("VAELoader", vae_name="simulated_vae.safetensors"),
    "4": _node("CLIPTextEncode", text="", clip=["2", 0]),
    "5": _node("CLIPTextEncode", text="blurry", clip=["2", 0]),
    "8": _node("VAEDecode", samples=["7", 0], vae=["3", 0]),
    "9": _node("CreateVideo", images=["8", 0], fps=16.0),
    "10": _node("SaveVideo", video=["9", 0], filename_prefix="video/clip", format="mp4"),
}


def _sampler(positive: list[Any], negative: list[Any], latent: list[Any]) -> dict[str, Any]:
    wires = {"model": ["1", 0], "positive": positive, "negative": negative, "latent_image": latent}
    return _node(
        "KSampler",
        **wires,
        seed=0,
        steps=20,
        cfg=6.0,
        sampler_name="euler",
        scheduler="simple",
        denoise=1.0,
    )


FROM_TEXT: Final[dict[str, Any]] = _SHARED | {
    "6": _node("EmptyHunyuanLatentVideo", width=832, height=480, length=81, batch_size=1),
    "7": _sampler(["4", 0], ["5", 0], ["6", 0]),
}
FROM_IMAGE: Final[dict[str, Any]] = _SHARED | {
    "11": _node("LoadImage", image="example.png"),
    "6": _node(
        "WanImageToVideo",
        positive=["4", 0],
        negative=["5", 0],
        vae=["3", 0],
        start_image=["11", 0],
        width=832,
        height=480,
        length=81,
        batch_size=1,
    ),
    "7": _sampler(["6", 0], ["6", 1], ["6", 2]),
}
_INPUTS: Final = {
    "prompt": "4.text",
    "negative_prompt": "5.text",
    "seed": "7.seed",
    "width": "6.width",
    "height": "6.height",
    "frames": "6.length",
    "fps": "9.fps",
    "file_prefix": "10.filename_prefix",
}
_FACTS: Final[dict[str, Any]] = {"fps": 16, "frame_step": 4, "frame_offset": 1, "progress_node": "7"}

SETTINGS: Final[dict[str, Any]] = {
    "workflows": {
        "*": {"graph": FROM_TEXT, "inputs": _INPUTS, **_FACTS},
        "from-image": {
            "graph": FROM_IMAGE,
            "inputs": _INPUTS | {"first_frame": "11.image"},
            **_FACTS,
        },
    }
}
