"""Pieces of a paid call in the shape of the OpenAI Videos API: which path, which file, which fields, JSON or a form.

Dialects put these together; what an upstream takes differently, its dialect writes itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import Call, Channel, Embedded, File, Output, Submission, Text
from reelgate.core.errors import Code, Failure
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import path_segment

SUBMIT_TIMEOUT_S: Final = 300.0
CONTENT_TIMEOUT_S: Final = 600.0

Attached = tuple[str, Input]
"""A file and the field it goes in."""


def callback_url(channel: Channel) -> str | None:
    """Give the address the upstream may post to, which is the channel's setting `callback_url`; None without one."""
    address = channel.settings.get("callback_url")
    return address if isinstance(address, str) and address.startswith(("https://", "http://")) else None


def bearer(channel: Channel) -> dict[str, str]:
    """Give the channel's key as `Authorization: Bearer`; nothing for a channel without one."""
    return {"Authorization": f"Bearer {channel.secret}"} if channel.secret else {}


def api_key(channel: Channel) -> dict[str, str]:
    """Give the channel's key as `api-key`; nothing for a channel without one."""
    return {"api-key": channel.secret} if channel.secret else {}


def refusal(param: str, message: str) -> Failure:
    """Compose the failure for a request that this wire cannot carry."""
    return Failure(code=Code.INVALID_REQUEST, message=message, param=param)


# What a request becomes.


def verb_path(submission: Submission) -> str | Failure:
    """Give the path of a verb; a failure where the source clip is out of this channel's reach."""
    request, parent = submission.request, submission.parent_ref
    match request.verb:
        case Verb.CREATE:
            return "/videos"
        case Verb.REMIX if parent is not None:
            return f"/videos/{path_segment(parent)}/remix"
        case Verb.REMIX:
            return refusal("video_id", "This channel remixes only clips it made itself.")
        case Verb.EDIT:
            path = "/videos/edits"
        case Verb.EXTEND:
            path = "/videos/extensions"
    if parent is None and not request.inputs_of(Role.SOURCE_VIDEO):
        return refusal("video", "The source clip is neither on this channel nor attached.")
    return path


def only_create(submission: Submission) -> Failure | None:
    """Refuse every verb but create, for wires that have no other."""
    if submission.request.verb is Verb.CREATE:
        return None
    return refusal("model", f"This channel does not offer {submission.request.verb.value}.")


def one_picture(request: Request) -> Attached | Failure | None:
    """Pick the one picture `input_reference` has room for."""
    for given in request.inputs:
        if given.role not in {Role.FIRST_FRAME, Role.REFERENCE} or given.character_id is not None:
            return refusal("input_reference", f"This channel takes no input of role {given.role.value}.")
    if len(request.inputs) > 1:
        return refusal("input_reference", "This channel takes one reference file.")
    return ("input_reference", request.inputs[0]) if request.inputs else None


def attached(submission: Submission) -> Attached | Failure | None:
    """Pick the one file the call carries, with its field; the shape has room for one."""
    request = submission.request
    if request.verb in {Verb.EDIT, Verb.EXTEND} and submission.parent_ref is None:
        return "video", request.inputs_of(Role.SOURCE_VIDEO)[0]
    return one_picture(request) if request.verb is Verb.CREATE else None


def fields_of(submission: Submission) -> dict[str, Any]:
    """Write a request as fields; `seconds` is text, as in the shape."""
    request, parent = submission.request, submission.parent_ref
    fields: dict[str, Any] = {"prompt": request.prompt}
    match request.verb:
        case Verb.CREATE:
            fields |= {
                "model": submission.upstream_model,
                "seconds": str(request.seconds),
                "size": str(request.size),
            }
        case Verb.EXTEND:
            fields["seconds"] = str(request.seconds)
        case Verb.REMIX | Verb.EDIT:
            pass
    if request.verb in {Verb.EDIT, Verb.EXTEND}:
        # With an uploaded clip nothing else tells the upstream which model is meant.
        fields |= {"model": submission.upstream_model} if parent is None else {"video": {"id": parent}}
    return with_extra(fields | options(request), request)


def with_extra(fields: dict[str, Any], request: Request) -> dict[str, Any]:
    """Add the vendor options; none of them overrules a field that is there."""
    return fields | {name: value for name, value in request.extra.items() if name not in fields}


def options(request: Request) -> dict[str, Any]:
    """Give the switches that were set, under our own names."""
    given = {
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "watermark": request.watermark,
        "private": request.private,
    }
    return {name: value for name, value in given.items() if value is not None}


# JSON and forms.


def json_call(path: str, headers: Mapping[str, str], fields: Mapping[str, Any]) -> Call:
    """Compose a paid call with a JSON body."""
    return Call(method="POST", path=path, headers=headers, json=fields, timeout_s=SUBMIT_TIMEOUT_S)


def form_call(path: str, headers: Mapping[str, str], parts: Sequence[Text], *files: Attached | None) -> Call:
    """Compose a paid call with a multipart body."""
    form: list[Text | File] = [*parts, *(file_part(file) for file in files if file is not None)]
    return Call(method="POST", path=path, headers=headers, form=form, timeout_s=SUBMIT_TIMEOUT_S)


def file_part(file: Attached) -> File:
    """Write an input as a part of a form."""
    name, given = file
    return File(name, given.sha256, filename(given), given.media_type)


def data_url(given: Input) -> Embedded:
    """Write an input as a data URL inside a JSON body."""
    return Embedded(given.sha256, given.media_type)


def bracketed(fields: Mapping[str, Any]) -> list[Text]:
    """Write fields as parts with the bracket names the OpenAI SDKs use."""
    return [part for name, value in fields.items() for part in _bracketed(name, value)]


def _bracketed(name: str, value: object) -> Iterator[Text]:
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _bracketed(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for inner in cast("Sequence[object]", value):
            yield from _bracketed(f"{name}[]", inner)
    elif value is not None:
        yield Text(name, _plain(value))


def spelled(fields: Mapping[str, Any]) -> list[Text]:
    """Write fields as parts with JSON text for what has parts of its own, for servers that know no bracket names."""
    return [Text(name, _plain(value)) for name, value in fields.items() if value is not None]


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}


def filename(given: Input) -> str:
    """Name a file by its role and type; the caller's own name never leaves."""
    return f"{given.role.value}.{_ENDINGS.get(given.media_type, 'bin')}"


# Where a finished clip is.


def content(ref: str, channel_headers: Mapping[str, str], *, path: str = "/videos") -> Call:
    """Compose the fetch of a finished clip through the channel."""
    return Call(
        method="GET",
        path=f"{path}/{path_segment(ref)}/content",
        headers=channel_headers,
        timeout_s=CONTENT_TIMEOUT_S,
    )


def media_type_of(job: Mapping[str, Any]) -> str:
    """Give the type of the clip as the upstream names it; MP4 when it names none."""
    kind = job.get("media_type")
    return kind if isinstance(kind, str) and re.fullmatch(r"video/[\w.+-]{1,40}", kind) else "video/mp4"


_ORIGIN: Final = re.compile(r"(https?://[^/?#\\@\s]+)([/?#].*)?", re.IGNORECASE)


def web_address(value: object) -> str | None:
    """Give an absolute web address; None for paths, other schemes, and anything that is not text."""
    if not isinstance(value, str) or len(value) > 8_192 or not value.strip().isprintable():
        return None
    return value.strip() if _ORIGIN.fullmatch(value.strip()) else None


def link(value: object, channel: Channel, channel_headers: Mapping[str, str]) -> Output | None:
    """Read where a clip is: on the channel's own host it is fetched with the key, anywhere else without.

    A bare path is on the channel's own host. None for what is no address.
    """
    home = _ORIGIN.fullmatch(channel.base_url.strip())
    if isinstance(value, str) and re.match(r"/[^/\\]", value) and home is not None:
        value = f"{home.group(1)}{value}"
    url = web_address(value)
    if url is None:
        return None
    there = _ORIGIN.fullmatch(url)
    if home and there and home.group(1).lower() == there.group(1).lower():
        return Output(call=Call(method="GET", path=url, headers=channel_headers, timeout_s=CONTENT_TIMEOUT_S))
    return Output(url=url)
