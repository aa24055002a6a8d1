"""The bodies of this surface as the OpenAPI document shows them; what is enforced is in `drafts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

_FILE: Final = {"type": "string", "format": "binary"}
_TEXT: Final = {"type": "string"}
_PROMPT: Final = {"type": "string", "minLength": 1, "maxLength": 32_000}
_SECONDS: Final = {
    "type": "string",
    "description": "Whole seconds the model takes; a JSON integer is accepted too.",
}
_SIZE: Final = {"type": "string", "description": "Width x height, such as `720x1280`."}
_REFERENCE: Final = {
    "type": "object",
    "description": "Exactly one of the two; a plain address or data URL is accepted too.",
    "properties": {"image_url": _TEXT, "file_id": _TEXT},
}
_VIDEO: Final = {"type": "object", "required": ["id"], "properties": {"id": _TEXT}}
_OPTIONS: Final[Mapping[str, Any]] = {
    "seed": {"type": "integer"},
    "negative_prompt": _TEXT,
    "audio": {"type": "boolean"},
    "watermark": {"type": "boolean"},
    "private": {"type": "boolean"},
    "adapt": {
        "type": "boolean",
        "description": "Move what the model cannot do to the nearest it can; each change is told.",
    },
    "callback_url": {
        "type": "string",
        "format": "uri",
        "description": "Whom to tell when it has ended, by a signed webhook; `notify_hook` means the same.",
    },
    "priority": {"type": "integer", "minimum": -100, "maximum": 100},
    "start_after": {
        "description": "When to start: Unix seconds, or RFC 3339 text with an offset.",
        "anyOf": [{"type": "integer"}, _TEXT],
    },
}
_CHARACTERS: Final = {"type": "array", "items": _VIDEO}

Shape = Literal["create", "remix", "edit", "extend"]

_FIELDS: Final[Mapping[Shape, Mapping[str, Any]]] = {
    "create": {
        "prompt": _PROMPT,
        "model": _TEXT,
        "seconds": _SECONDS,
        "size": _SIZE,
        "input_reference": _REFERENCE,
        "first_frame": _REFERENCE,
        "last_frame": _REFERENCE,
        "references": {"type": "array", "items": _REFERENCE},
        "characters": _CHARACTERS,
        **_OPTIONS,
    },
    "remix": {"prompt": _PROMPT, "model": _TEXT, "input_reference": _REFERENCE, **_OPTIONS},
    "edit": {"prompt": _PROMPT, "video": _VIDEO, "model": _TEXT, **_OPTIONS},
    "extend": {"prompt": _PROMPT, "video": _VIDEO, "seconds": _SECONDS, "model": _TEXT, **_OPTIONS},
}
_REQUIRED: Final[Mapping[Shape, list[str]]] = {
    "create": ["prompt"],
    "remix": ["prompt"],
    "edit": ["prompt", "video"],
    "extend": ["prompt", "video", "seconds"],
}


def object_schema(required: list[str], **properties: Any) -> dict[str, Any]:
    """Describe a JSON object."""
    return {"type": "object", "required": required, "properties": properties}


def body_schema(shape: Shape) -> dict[str, Any]:
    """Describe the body of a creating operation, as JSON and as a form."""
    fields = _FIELDS[shape]
    formed = {name: _FILE if value in (_REFERENCE, _VIDEO) else value for name, value in fields.items()}
    return {
        "application/json": object_schema(_REQUIRED[shape], **fields),
        "multipart/form-data": object_schema(_REQUIRED[shape], **formed),
    }
