"""What the studio's client is generated from: our OpenAPI document and our closed lists of words."""

from __future__ import annotations

import asyncio
import json
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Any

from reelgate.app import open_gateway
from reelgate.core.errors import CODES, Code
from reelgate.core.events import EventType
from reelgate.core.lifecycle import OUTWARD, TERMINAL, Status
from reelgate.core.task import Role, Verb
from reelgate.settings import Settings

NOTE = "// Made by `python -m tools.web generate`; change the server instead.\n"


def document() -> str:
    """Give the OpenAPI document that a server of this tree answers with."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_ask(Path(folder)))


async def _ask(folder: Path) -> str:
    body = bytearray()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        body.extend(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/openapi.json",
        "raw_path": b"/openapi.json",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    settings = Settings.model_validate({"data": folder, "backup_every_h": 0})
    async with open_gateway(settings) as gateway:
        await gateway.application()(scope, receive, send)
    return json.dumps(json.loads(bytes(body)), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def vocabulary() -> str:
    """Give our closed lists of words as TypeScript."""
    codes = {
        code.value: {
            "side": CODES[code].side.value,
            "charge": CODES[code].charge.value,
            "again": CODES[code].retryable,
        }
        for code in Code
    }
    parts = [
        NOTE,
        _words("EVENT_TYPES", EventType),
        _words("STATUSES", Status),
        _words("ROLES", Role),
        _words("VERBS", Verb),
        f"export const ENDED = {json.dumps([s.value for s in Status if s in TERMINAL])} as const;\n",
        f"export const OUTWARD = {json.dumps({s.value: OUTWARD[s] for s in Status})} as const;\n",
        f"export const CODES = {json.dumps(codes, indent=1)} as const;\n",
    ]
    return "\n".join(parts)


def _words(name: str, kind: type[StrEnum]) -> str:
    return f"export const {name} = {json.dumps([member.value for member in kind])} as const;\n"
