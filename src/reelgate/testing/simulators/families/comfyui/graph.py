"""Graphs as a ComfyUI server judges them: which nodes it knows, what they need, which outputs can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from reelgate.core.words import as_object

# One node a line; `*` marks those that make something to keep. An input is `name KIND [least most]`, `?` if optional.
_NODES: Final = """
EmptyImage = width INT 1 16384, height INT 1 16384, batch_size INT 1 4096, color INT 0 16777215
LoadImage = image FILE
LoadVideo = file FILE
LoadAudio = audio FILE
ImageAddNoise = image IMAGE, seed INT 0 18446744073709551615, strength FLOAT 0 1
ImageScale = image IMAGE, upscale_method COMBO, width INT 0 16384, height INT 0 16384, crop COMBO
RepeatImageBatch = image IMAGE, amount INT 1 4096
CreateVideo = images IMAGE, fps FLOAT 1 120, audio AUDIO?
GetVideoComponents = video VIDEO
Video Slice = video VIDEO, start_time FLOAT -100000 100000, duration FLOAT 0 100000, strict_duration BOOLEAN
SaveVideo* = video VIDEO, filename_prefix STRING, format COMBO, format.codec COMBO?, codec COMBO?
SaveImage* = images IMAGE, filename_prefix STRING
PreviewImage* = images IMAGE
PreviewAny* = source ANY
CheckpointLoaderSimple = ckpt_name COMBO
UNETLoader = unet_name COMBO, weight_dtype COMBO
CLIPLoader = clip_name COMBO, type COMBO, device COMBO?
VAELoader = vae_name COMBO
CLIPTextEncode = text STRING, clip CLIP
ModelSamplingSD3 = model MODEL, shift FLOAT 0 100
EmptyHunyuanLatentVideo = width INT 16 16384, height INT 16 16384, length INT 1 16384, batch_size INT 1 4096
WanImageToVideo = positive CONDITIONING, negative CONDITIONING, vae VAE, width INT 16 16384, height INT 16 16384, \
length INT 1 16384, batch_size INT 1 4096, clip_vision_output CLIP_VISION_OUTPUT?, start_image IMAGE?
KSampler = model MODEL, seed INT 0 18446744073709551615, steps INT 1 10000, cfg FLOAT 0 100, sampler_name COMBO, \
scheduler COMBO, positive CONDITIONING, negative CONDITIONING, latent_image LATENT, denoise FLOAT 0 1
VAEDecode = samples LATENT, vae VAE
"""


class Slot(msgspec.Struct, frozen=True):
    """One input of a node."""

    kind: str
    optional: bool = False
    least: float | None = None
    most: float | None = None

    def told(self) -> list[Any]:
        """Give it as `/object_info` and complaints do."""
        limits = {"min": self.least, "max": self.most}
        return [self.kind, {name: _number(limit) for name, limit in limits.items() if limit is not None}]


class Node(msgspec.Struct, frozen=True):
    """A kind of node."""

    slots: Mapping[str, Slot]
    keeps: bool
    """Whether it makes something to keep, so that a graph may end in it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the server thinks of a graph: it runs the outputs that can run, if there are any."""

    outputs: tuple[str, ...] = ()
    error: Mapping[str, Any] | None = None
    node_errors: Mapping[str, Any] = {}


def _number(limit: float) -> float | int:
    return int(limit) if limit == int(limit) else limit


def _read_slot(text: str) -> tuple[str, Slot]:
    name, kind, *limits = text.split()
    least, most = (float(limits[0]), float(limits[1])) if limits else (None, None)
    return name, Slot(kind.rstrip("?"), kind.endswith("?"), least, most)


def _read(text: str) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for line in text.strip().splitlines():
        name, _, slots = line.partition(" = ")
        nodes[name.rstrip("*")] = Node(dict(map(_read_slot, slots.split(","))), name.endswith("*"))
    return nodes


NODES: Final = _read(_NODES)


def object_info() -> dict[str, Any]:
    """Describe every node as `/object_info` does."""
    return {name: _described(name, node) for name, node in NODES.items()}


def _described(name: str, node: Node) -> dict[str, Any]:
    needed = {n: s.told() for n, s in node.slots.items() if not s.optional}
    spare = {n: s.told() for n, s in node.slots.items() if s.optional}
    return {
        "input": {"required": needed, "optional": spare},
        "input_order": {"required": list(needed), "optional": list(spare)},
        "name": name,
        "display_name": name,
        "output_node": node.keeps,
        "python_module": "nodes",
    }


def judge(graph: Mapping[str, Any], has_file: Callable[[str], bool]) -> Verdict:
    """Judge a graph: an unknown node refuses it whole, a bad input only the outputs that hang on it."""
    for name, node in graph.items():
        wrong = _unknown(name, as_object(node) or {})
        if wrong is not None:
            return Verdict(error=wrong)
    ends = [name for name, node in graph.items() if NODES[node["class_type"]].keeps]
    if not ends:
        return Verdict(error=_error("prompt_no_outputs", "No node of this graph keeps anything."))
    errors: dict[str, Any] = {}
    good: list[str] = []
    for end in ends:
        bad = {name: found for name in _above(graph, end) if (found := _complaints(graph, name, has_file))}
        for name, found in bad.items():
            told = {"errors": found, "dependent_outputs": [], "class_type": graph[name]["class_type"]}
            errors.setdefault(name, told)["dependent_outputs"].append(end)
        good += [] if bad else [end]
    if not good:
        failed = _error("prompt_outputs_failed_validation", "Prompt outputs failed validation")
        return Verdict(error=failed, node_errors=errors)
    return Verdict(outputs=tuple(good), node_errors=errors)


def _error(kind: str, message: str, details: str = "", **extra: Any) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _unknown(name: str, node: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = node.get("class_type")
    if not isinstance(kind, str):
        return _error("invalid_prompt", f"Node #{name} has no class_type.")
    if kind in NODES:
        return None
    message = f"Node '{kind}' not found. The custom node may not be installed."
    about = {"node_id": name, "class_type": kind, "node_title": kind}
    return _error("missing_node_type", message, f"Node ID '#{name}'", **about)


def inputs_of(graph: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give the inputs of a node."""
    return as_object((as_object(graph.get(name)) or {}).get("inputs")) or {}


def link(value: object, graph: Mapping[str, Any]) -> str | None:
    """Give the node an input hangs on; None for a value of its own."""
    pair = cast("list[object]", value) if isinstance(value, list) else []
    return pair[0] if len(pair) == 2 and isinstance(pair[0], str) and pair[0] in graph else None


def _above(graph: Mapping[str, Any], end: str) -> Iterator[str]:
    """Give a node and everything it hangs on, each once."""
    waiting, seen = [end], {end}
    while waiting:
        name = waiting.pop()
        yield name
        found = {up for value in inputs_of(graph, name).values() if (up := link(value, graph))} - seen
        seen |= found
        waiting += sorted(found)


def running_order(graph: Mapping[str, Any], outputs: tuple[str, ...]) -> list[str]:
    """Give the nodes that run, what others hang on first."""
    order: list[str] = []
    for end in outputs:
        order += [name for name in reversed(list(_above(graph, end))) if name not in order]
    return order


def _complaints(graph: Mapping[str, Any], name: str, has_file: Callable[[str], bool]) -> list[dict[str, Any]]:
    given = inputs_of(graph, name)
    found: list[dict[str, Any]] = []
    for field, slot in NODES[graph[name]["class_type"]].slots.items():
        if field not in given:
            missing = _error("required_input_missing", "Required input is missing", field, input_name=field)
            found += [] if slot.optional else [missing]
            continue
        value = given[field]
        wrong = None if link(value, graph) else _wrong_value(field, value, slot, has_file)
        found += [] if wrong is None else [wrong]
    return found


def _wrong_value(
    field: str, value: Any, slot: Slot, has_file: Callable[[str], bool]
) -> dict[str, Any] | None:
    about = {"input_name": field, "input_config": slot.told(), "received_value": value}
    match slot.kind:
        case "FILE":
            if isinstance(value, str) and has_file(value):
                return None
            details = f"{field} - Invalid image file: {value}"
            return _error(
                "custom_validation_failed", "Custom validation failed for node", details, input_name=field
            )
        case "INT" | "FLOAT":
            return _wrong_number(field, value, slot, about)
        case "STRING" | "COMBO" | "BOOLEAN" | "ANY":
            return None
        case _:
            details = f"{field} wants {slot.kind}"
            return _error("return_type_mismatch", "The value is not what the input takes.", details, **about)


def _wrong_number(field: str, value: Any, slot: Slot, about: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        message = f"{value} is no {slot.kind}"
        return _error("invalid_input_type", message, f"{field}, {value}", **about)
    if slot.least is not None and number < slot.least:
        message = f"Value {value} smaller than min of {_number(slot.least)}"
        return _error("value_smaller_than_min", message, field, **about)
    if slot.most is not None and number > slot.most:
        message = f"Value {value} bigger than max of {_number(slot.most)}"
        return _error("value_bigger_than_max", message, field, **about)
    return None
