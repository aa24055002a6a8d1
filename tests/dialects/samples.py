"""Sample requests and recorded answers for tests of dialects, valid by default."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import msgspec

from reelgate.core.dialect import Channel, Dialect, Submission, Text
from reelgate.core.task import Input, Request, Role, Size, Verb
from reelgate.testing.play import play
from reelgate.testing.replay import Recording, Seen, replay

SECRET = "canary-secret-7f3a9c51"
NOW_MS = 1_762_000_000_000
HERE = pathlib.Path(__file__).parent


def channel(dialect: str, base_url: str = "https://upstream.example/v1", **settings: Any) -> Channel:
    return Channel(
        id="chan_1", name="upstream", dialect=dialect, base_url=base_url, secret=SECRET, settings=settings
    )


def picture(role: Role = Role.FIRST_FRAME, media_type: str = "image/png", **more: Any) -> Input:
    return Input(role=role, sha256="a" * 64, media_type=media_type, bytes=10, **more)


def submission(
    verb: Verb = Verb.CREATE,
    *pictures: Input,
    parent_ref: str | None = None,
    model: str = "m-1",
    **fields: Any,
) -> Submission:
    request = Request(
        verb=verb,
        model="public-model",
        prompt="a paper boat",
        seconds=8,
        size=Size(720, 1280),
        inputs=pictures,
        **fields,
    )
    return Submission(
        request=request,
        upstream_model=model,
        token="token-1",
        submitted_at_ms=NOW_MS,
        parent_ref=parent_ref,
    )


def job(**changes: Any) -> dict[str, Any]:
    """A running job in the OpenAI shape."""
    return {
        "id": "job-0001",
        "object": "video",
        "model": "m-1",
        "status": "in_progress",
        "progress": 36,
        "created_at": NOW_MS // 1_000,
        "prompt": "a paper boat",
        "seconds": "8",
        "size": "720x1280",
        "error": None,
    } | changes


def recorded(name: str) -> list[dict[str, Any]]:
    """The answers kept for a dialect, and what they mean."""
    return json.loads((HERE / name / "answers.json").read_text("utf-8"))


def read(vector: dict[str, Any], dialect: Dialect) -> Seen:
    """Read a recorded answer the way `python -m reelgate.testing.replay` does."""
    return replay(msgspec.convert(vector, Recording, strict=False), {vector["dialect"]: dialect})


def holds(vector: dict[str, Any], dialect: Dialect) -> None:
    """Check everything a recorded answer is expected to say."""
    seen, told = read(vector, dialect), vector["expect"]
    for name in ("status", "progress", "url", "error_code", "keep_state", "retryable"):
        if name in told:
            assert getattr(seen, name) == told[name], (vector["id"], name, seen)
    if "upstream_id" in told:
        assert seen.ref == told["upstream_id"]


def texts(call: Any) -> dict[str, str]:
    """The plain parts of a form by name."""
    return {part.name: part.value for part in call.form if isinstance(part, Text)}


def refused(flow: Any) -> Any:
    """The failure of a submit that is refused before anything is sent."""
    played = play(flow)
    assert played.effects == ()
    return played.result.failure
