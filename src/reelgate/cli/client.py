"""The one client of every command that speaks the API, and the choice of the server it speaks to.

An address that was named wins; else the server that runs on the data folder; else Reelgate is
opened inside this process. The requests are the same in all three cases.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from reelgate.cli.doors import Answer, AsgiDoor, Ask, Door, HttpDoor, NoAnswer, Sink
from reelgate.cli.session import Session
from reelgate.cli.trouble import Exit, Trouble, exit_of
from reelgate.cli.words import say

T = TypeVar("T")
RESENDS = 2
"""How often a request is sent again when its answer was lost; safe, because it carries an idempotency key."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one command's work to its end."""
    return asyncio.run(work)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a form: a text, or a file with its name and type."""

    name: str
    value: bytes
    filename: str | None = None
    media_type: str = "application/octet-stream"


class Api:
    """Speaks the API through a door. Every refusal becomes a `Trouble`."""

    def __init__(self, door: Door, key: str | None, *, embedded: bool, where: str) -> None:
        self._door = door
        self._key = key
        self.embedded = embedded
        self.where = where

    async def get(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Any:
        """Read something."""
        given = {k: v for k, v in (query or {}).items() if v is not None}
        return _json(await self._send("GET", f"{path}?{urlencode(given)}" if given else path))

    async def delete(self, path: str) -> Any:
        """Delete something."""
        return _json(await self._send("DELETE", path))

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Create something from JSON; sent again under the same idempotency key when the answer is lost."""
        return await self._create(path, json.dumps(body).encode(), "application/json")

    async def post_form(self, path: str, parts: Sequence[Part]) -> Any:
        """Create something from a form, with files; sent again as `post` does."""
        boundary = f"reelgate-{secrets.token_hex(16)}"
        return await self._create(
            path, encode_form(parts, boundary), f"multipart/form-data; boundary={boundary}"
        )

    async def download(self, path: str, sink: Sink) -> Mapping[str, str]:
        """Pour a file into `sink` and give the answer's headers."""
        return (await self._send("GET", path, sink=sink)).headers

    async def _create(self, path: str, body: bytes, content_type: str) -> Any:
        headers = {"content-type": content_type, "idempotency-key": secrets.token_hex(16)}
        for again in range(RESENDS + 1):
            try:
                return _json(await self._send("POST", path, headers, body))
            except Trouble as trouble:
                if trouble.exit_code is not Exit.UNKNOWN or again == RESENDS:
                    raise
            await asyncio.sleep(1 + again)
        raise AssertionError

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        sink: Sink | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if self._key:
            sent["authorization"] = f"Bearer {self._key}"
        ask = Ask(method=method, path=path, headers=sent, body=body)
        try:
            answer = await self._door.send(ask, sink)
        except NoAnswer as lost:
            raise self._lost(lost, method) from lost
        if answer.status >= 300:
            raise _refused(answer, self._key is not None)
        return answer

    def _lost(self, lost: NoAnswer, method: str) -> Trouble:
        if lost.sent and method == "POST":
            return Trouble(
                say("client.lost", where=self.where, reason=lost.reason),
                exit_code=Exit.UNKNOWN,
                next_step=say("client.lost.next"),
            )
        return Trouble(
            say("client.unreachable", where=self.where, reason=lost.reason),
            exit_code=Exit.UNREACHABLE,
            next_step=say("client.unreachable.next"),
        )


def segment(text: str) -> str:
    """Write an id as one segment of a path."""
    return quote(text, safe="")


def encode_form(parts: Sequence[Part], boundary: str) -> bytes:
    """Write parts as multipart/form-data."""
    lines: list[bytes] = []
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part.name}"'
        if part.filename is not None:
            safe = part.filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            head += f'; filename="{safe}"\r\nContent-Type: {part.media_type}'
        lines += [head.encode() + b"\r\n\r\n", part.value, b"\r\n"]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise Trouble(say("client.not_json"), next_step=say("client.not_json.next")) from error


def _refused(answer: Answer, had_key: bool) -> Trouble:
    error = _error_of(answer.body)
    code = error.get("code")
    step = say("client.key.next") if answer.status == 401 else None
    if error.get("param") == "model":
        step = say("client.model.next")
    if answer.status == 401 and not had_key:
        return Trouble(say("client.no_key"), exit_code=Exit.DENIED, code="unauthorized", next_step=step)
    return Trouble(
        str(error.get("message") or say("client.status", status=answer.status)),
        exit_code=exit_of(code, answer.status),
        code=code,
        param=error.get("param"),
        next_step=step,
    )


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        error: Any = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return dict(error) if isinstance(error, dict) else {}  # pyright: ignore[reportUnknownArgumentType]


@asynccontextmanager
async def open_api(session: Session) -> AsyncGenerator[Api]:
    """Give a client for the server that was named, the one that runs, or one of our own."""
    if session.url:
        yield Api(_http_door(session.url), session.key, embedded=False, where=session.url)
        return
    from reelgate.cli import local

    settings = session.settings()
    server = await local.find_server(settings.data)
    if server is not None:
        key = session.key or await local.command_key(settings)
        yield Api(HttpDoor(server.address), key, embedded=False, where=server.address)
        return
    async with local.opened(settings, engine=True) as gateway:
        key = session.key or await local.command_key(settings, gateway)
        where = say("client.embedded", data=str(settings.data))
        yield Api(AsgiDoor(gateway.application()), key, embedded=True, where=where)


def _http_door(url: str) -> HttpDoor:
    try:
        return HttpDoor(url)
    except ValueError as error:
        raise Trouble(say("client.bad_url", url=url), exit_code=Exit.USAGE) from error
