"""What differs between a request and the one it was made from."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.task import Request

_COMPARED: Final = (
    "model",
    "prompt",
    "seconds",
    "size",
    "seed",
    "negative_prompt",
    "audio",
    "watermark",
    "private",
)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is different."""

    field: str
    old: Any
    new: Any


def shown(request: Request) -> dict[str, Any]:
    """Give what is compared of a request."""
    found = {name: getattr(request, name) for name in _COMPARED}
    files = [(one.role.value, one.character_name or one.sha256[:12]) for one in request.inputs]
    return {**found, "size": str(request.size), "inputs": [f"{role}: {what}" for role, what in files]}


def differences(old: Request, new: Request) -> tuple[Difference, ...]:
    """List what a request does differently."""
    before, after = shown(old), shown(new)
    return tuple(
        Difference(field=name, old=before[name], new=after[name])
        for name in after
        if before[name] != after[name]
    )
