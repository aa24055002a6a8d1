"""A workflow as a channel's settings hold it, and how a request becomes a graph.

    {"workflows": {"wan-t2v": {
        "graph":  {"6": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}}, …},
        "inputs": {"prompt": "6.text", "seed": "3.seed", "frames": "5.length", "first_frame": "12.image"},
        "fps": 16, "frame_step": 4, "frame_offset": 1, "output": "10", "progress_node": "3"}}}

The key of a workflow is the upstream model it stands for; `*` stands for every other. A target is
`node.input`, cut at the first point, for inputs have points in their names and nodes do not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

import msgspec

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import Submission
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_call import refusal
from reelgate.core.task import Request, Role, Verb
from reelgate.core.words import as_object

ANY: Final = "*"
OURS: Final = frozenset(
    [
        "prompt",
        "negative_prompt",
        "seed",
        "width",
        "height",
        "seconds",
        "frames",
        "fps",
        "model",
        "file_prefix",
    ]
) | frozenset(Role)
"""Inputs that are filled from the request; any other name is an option a caller may send."""
_ASKED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("width", "height"), "size"),
    **dict.fromkeys(("seconds", "frames"), "seconds"),
    **dict.fromkeys((Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE, Role.AUDIO), "input_reference"),
    Role.SOURCE_VIDEO: "video",
}
"""How a caller's request calls what an input is filled from, where it is not the same name."""

Whole = Annotated[int, msgspec.Meta(ge=1, le=1_024)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=240)]


class Workflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One graph in the API format and where a request goes in it."""

    graph: dict[str, dict[str, Any]]
    inputs: dict[str, str | tuple[str, ...]] = {}
    """The target, or targets, of each input."""
    fps: Rate | None = None
    """Frames in a second; needed for `frames` and `fps`."""
    frame_step: Whole = 1
    frame_offset: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    """A model that takes 4n+1 frames has a step of 4 and an offset of 1."""
    optional: tuple[Role, ...] = ()
    """Files a caller may leave out, so that what the graph names itself is used."""
    output: str | None = None
    """The node whose file is the clip; without it the first clip of any node is."""
    progress_node: str | None = None
    """The node whose progress is shown as the job's; without it none is, for progress is per node."""

    def targets(self, name: str) -> tuple[str, ...]:
        """Give the targets of an input; none for one that is not mapped."""
        given = self.inputs.get(name, ())
        return (given,) if isinstance(given, str) else given

    def param_at(self, target: str) -> str | None:
        """Name the parameter that fills a target, as a caller calls it."""
        for name in self.inputs:
            if target in self.targets(name):
                return _ASKED.get(name, name)
        return None


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel's settings may hold."""

    workflows: Annotated[
        dict[str, Any],
        msgspec.Meta(
            description="A graph for each upstream model, with where its inputs go; `*` is for all others."
        ),
    ] = {}
    api: Annotated[
        Literal["auto", "jobs", "history"],
        msgspec.Meta(
            description="How jobs are asked about: `/api/jobs`, or `/history` and `/queue` for servers without it."
        ),
    ] = "auto"


class Unusable(msgspec.Struct, frozen=True):
    """Why a channel's settings cannot be used, for its operator."""

    reason: str

    @property
    def failure(self) -> Failure:
        """The same as an ending; another channel may still take the request."""
        message = f"This channel's workflow cannot be used: {self.reason}"
        return Failure(code=Code.PERMISSION_OR_CHANNEL, message=message[:400])


def settings_of(settings: Mapping[str, Any]) -> Settings | Unusable:
    """Read a channel's settings."""
    try:
        return msgspec.convert(dict(settings), Settings)
    except msgspec.ValidationError as wrong:
        return Unusable(f"{wrong}.")


def key_of(model: str, settings: Settings) -> str:
    """Give the key of the workflow that stands for an upstream model."""
    return model if model in settings.workflows else ANY


def workflow_of(key: str, settings: Settings) -> Workflow | Unusable:
    """Read the workflow under a key."""
    if key not in settings.workflows:
        return Unusable(f"`workflows` has neither this model nor `{ANY}`.")
    raw = settings.workflows[key]
    graph = as_object((as_object(raw) or {}).get("graph")) or {}
    if isinstance(graph.get("nodes"), list):
        return Unusable(f"`workflows.{key}.graph` is in the editor's format; export it in the API format.")
    try:
        workflow = msgspec.convert(raw, Workflow)
    except msgspec.ValidationError as wrong:
        return Unusable(f"`workflows.{key}`: {wrong}.")
    wrong = _objection(workflow)
    return workflow if wrong is None else Unusable(f"`workflows.{key}.{wrong}.")


def objection_to(settings: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a channel's settings; None when every workflow in them can be used."""
    read = settings_of(settings)
    if isinstance(read, Unusable):
        return read.reason
    if not read.workflows:
        return "`workflows` is empty, so there is no model."
    found = (workflow_of(key, read) for key in read.workflows)
    return next((each.reason for each in found if isinstance(each, Unusable)), None)


def _objection(workflow: Workflow) -> str | None:
    for name, node in workflow.graph.items():
        if not isinstance(node.get("class_type"), str) or as_object(node.get("inputs")) is None:
            return f"graph`: node `{name}` has no `class_type` and `inputs`"
    for name in workflow.inputs:
        for target in workflow.targets(name):
            if not _exists(target, workflow):
                return f"inputs.{name}`: `{target}` is no input of a node of the graph"
    return _missing(workflow)


def _exists(target: str, workflow: Workflow) -> bool:
    node, _, field = target.partition(".")
    return bool(field) and node in workflow.graph


def _missing(workflow: Workflow) -> str | None:
    for field, node in (("output", workflow.output), ("progress_node", workflow.progress_node)):
        if node is not None and node not in workflow.graph:
            return f"{field}`: the graph has no node `{node}`"
    if workflow.fps is None and {"frames", "fps"} & set(workflow.inputs):
        return "fps` is needed to fill `frames` and `fps`"
    return None


# A request.


def unmapped(request: Request, workflow: Workflow) -> Failure | None:
    """Refuse what the workflow has no place for, and a request without a file it cannot do without."""
    if request.verb not in {Verb.CREATE, Verb.EDIT}:
        return refusal("model", f"This channel does not offer {request.verb.value}.")
    if request.verb is Verb.EDIT and not request.inputs_of(Role.SOURCE_VIDEO):
        return refusal("video", "This channel edits an attached clip only.")
    for name, value in (("negative_prompt", request.negative_prompt), ("seed", request.seed)):
        if value is not None and not workflow.targets(name):
            return refusal(name, f"This workflow does not take `{name}`.")
    return _wrong_files(request, workflow) or _wrong_options(request, workflow)


def _wrong_files(request: Request, workflow: Workflow) -> Failure | None:
    for role in Role:
        given, places = len(request.inputs_of(role)), len(workflow.targets(role))
        most = places if role is Role.REFERENCE else min(places, 1)
        if given > most:
            message = f"{given} inputs of role {role.value}; this workflow takes {most or 'none'}."
            return refusal(_ASKED[role], message)
        if given < most and role not in workflow.optional:
            message = f"{given} inputs of role {role.value}; this workflow needs {most}."
            return refusal(_ASKED[role], message)
    return None


def _wrong_options(request: Request, workflow: Workflow) -> Failure | None:
    for name, value in request.extra.items():
        free = name == "fps" or name not in OURS
        if not free or not workflow.targets(name):
            return refusal(name, f"Unknown parameter `{name}`.")
        # A list would be a wire to another node.
        if not isinstance(value, str | int | float):
            return refusal(name, f"`{name}` must be a text, a number or a switch.")
        if name == "fps" and (isinstance(value, bool | str) or not 1 <= value <= 240):
            return refusal(name, "`fps` must be a number from 1 to 240.")
    return None


def filled(submission: Submission, workflow: Workflow, files: Mapping[Role, Sequence[str]]) -> dict[str, Any]:
    """Write a request into the workflow's graph; `files` are the names the server gave to the uploads."""
    graph = {
        name: {**node, "inputs": dict(cast("dict[str, Any]", node["inputs"]))}
        for name, node in workflow.graph.items()
    }
    values = _values(submission, workflow)
    for name, value in values.items():
        for target in workflow.targets(name):
            _put(graph, target, value)
    for role, names in files.items():
        places = workflow.targets(role)
        spread = names if role is Role.REFERENCE else [names[0]] * len(places) if names else []
        for target, name in zip(places, spread, strict=False):
            _put(graph, target, name)
    return graph


def _put(graph: dict[str, dict[str, Any]], target: str, value: Any) -> None:
    node, _, field = target.partition(".")
    graph[node]["inputs"][field] = value


def _values(submission: Submission, workflow: Workflow) -> dict[str, Any]:
    request = submission.request
    fps = request.extra.get("fps", workflow.fps) or 0
    values: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": seed_of(submission),
        "width": request.size.width,
        "height": request.size.height,
        "seconds": request.seconds,
        "fps": fps,
        "frames": _frames(request.seconds * fps, workflow),
        "model": submission.upstream_model,
        "file_prefix": f"reelgate/{prompt_id_of(submission.token)}",
    }
    given = {name: value for name, value in values.items() if value is not None}
    return given | {name: value for name, value in request.extra.items() if name not in OURS}


def _frames(wanted: float, workflow: Workflow) -> int:
    return int(wanted // workflow.frame_step) * workflow.frame_step + workflow.frame_offset


def seed_of(submission: Submission) -> int:
    """Give the caller's seed, else one of the attempt's own: the same graph again would run nothing."""
    given = submission.request.seed
    digest = hashlib.sha256(submission.token.encode()).digest()
    return int.from_bytes(digest[16:20], "big") if given is None else given


_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def prompt_id_of(token: str) -> str:
    """Give the id under which the server is to know an attempt: a UUID, always the same for the same token."""
    if _UUID.fullmatch(token):
        return token
    digits = bytearray(hashlib.sha256(token.encode()).digest()[:16])
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
