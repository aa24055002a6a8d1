"""The application in process: requests go straight into ASGI, the engine's rows are real, time is given."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import FastAPI
from PIL import Image

from reelgate.api import build_app
from reelgate.api.door import DoorRoute
from reelgate.auth.access import Access, Policy
from reelgate.auth.keys import create_key
from reelgate.auth.oidc import Provider
from reelgate.auth.passwords import Cost, Passwords
from reelgate.auth.scopes import EVERYDAY, Scope
from reelgate.auth.secrets import Secrets, prepare, source_of
from reelgate.core.dialect import Channel
from reelgate.core.errors import Failure
from reelgate.core.events import EventType
from reelgate.core.lifecycle import OPEN, Status
from reelgate.core.task import Asset, Variant
from reelgate.engine.channels import ChannelTable
from reelgate.engine.context import Context, Limits, Rules
from reelgate.engine.hub import Hub
from reelgate.engine.rounds import Rounds
from reelgate.media.blobs import BlobStore
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.store import assets as asset_rows
from reelgate.store import blobs as blob_rows
from reelgate.store import channels as channel_rows
from reelgate.store import events as event_rows
from reelgate.store import projects as project_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection, open_backend
from reelgate.store.projects import Project
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.testing.clock import FakeClock
from reelgate.testing.ids import SeededIds
from reelgate.testing.scripted import Scripted

PEPPER = b"p" * 32
CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
"""Digests that cost next to nothing; what the real ones cost is a test of its own."""
_STEPS = {
    Status.SUBMITTING: frozenset({Status.QUEUED}),
    Status.RUNNING: frozenset({Status.SUBMITTING}),
    Status.ARCHIVING: frozenset({Status.RUNNING}),
    Status.COMPLETED: frozenset({Status.ARCHIVING}),
}
_TOLD = {
    Status.SUBMITTING: EventType.SUBMITTING,
    Status.UNCONFIRMED: EventType.UNCONFIRMED,
    Status.RUNNING: EventType.RUNNING,
    Status.ARCHIVING: EventType.ARCHIVING,
    Status.COMPLETED: EventType.COMPLETED,
    Status.FAILED: EventType.FAILED,
    Status.CANCELLED: EventType.CANCELLED,
}


class Quiet:
    """A runner that starts nothing: tests move tasks themselves."""

    def __init__(self) -> None:
        self.enqueued: asyncio.Queue[str] = asyncio.Queue()

    def free_slots(self, channel_id: str) -> int:
        del channel_id
        return 1

    def enqueue(self, task_id: str, channel_id: str, **more: object) -> Any:
        del channel_id, more
        self.enqueued.put_nowait(task_id)
        return lambda: None

    def cancel(self, task_id: str) -> None:
        del task_id

    async def even_out(self) -> None:
        """Nothing waits in lanes here."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The inside of the envelope; checks that it is one."""
        whole = self.json()
        assert set(whole) in ({"error"}, {"success", "error", "message"}), whole
        assert set(whole["error"]) == {"message", "type", "param", "code"}
        return whole["error"]


@dataclass
class Stream:
    """A response that is read while it is being made."""

    sent: asyncio.Queue[dict[str, Any]]
    gone: asyncio.Event
    task: asyncio.Task[None]

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(60):
            return await self.sent.get()

    async def until(self, wanted: bytes) -> bytes:
        """Read on until the text holds `wanted`."""
        text = b""
        while wanted not in text:
            message = await self.next()
            assert message["type"] == "http.response.body", message
            text += message["body"]
            assert message.get("more_body") or wanted in text, text
        return text

    async def rest(self) -> bytes:
        text = b""
        while True:
            message = await self.next()
            text += message.get("body", b"")
            if not message.get("more_body"):
                return text

    async def leave(self) -> None:
        self.gone.set()
        async with asyncio.timeout(60):
            await self.task


def _scope(method: str, target: str, headers: dict[str, str]) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


@dataclass
class Bench:
    """One application and what a test asks of it."""

    app: FastAPI
    ctx: Context
    clock: FakeClock
    key: str
    runner: Quiet
    extra: dict[str, str] = field(default_factory=dict[str, str])

    async def new_key(
        self, scopes: frozenset[Scope] = EVERYDAY, project_id: str = DEFAULT_PROJECT, **more: Any
    ) -> str:
        ctx = self.ctx
        made = await create_key(
            ctx.backend, ctx.ids, ctx.clock, PEPPER, name="k", scopes=scopes, project_id=project_id, **more
        )
        return made.token

    async def stranger(self) -> str:
        """Give a key of another project."""
        project = Project(
            id=self.ctx.ids.new("proj"), name="other", user_id=DEFAULT_USER, created_at=self.clock.now_ms()
        )
        await self.ctx.backend.write(lambda conn: project_rows.insert(conn, project))
        return await self.new_key(project_id=project.id)

    def open(
        self,
        method: str,
        target: str,
        *,
        body: bytes | Sequence[bytes] = b"",
        headers: dict[str, str] | None = None,
        key: str | None = "",
        take: asyncio.Event | None = None,
    ) -> Stream:
        """Send a request and read its answer as it comes; with `take`, the client takes nothing before it."""
        sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        gone = asyncio.Event()
        chunks = [body] if isinstance(body, bytes) else list(body)
        whole = dict(headers or {})
        if key is not None:
            whole.setdefault("authorization", f"Bearer {key or self.key}")

        async def receive() -> dict[str, Any]:
            if chunks:
                piece = chunks.pop(0)
                return {"type": "http.request", "body": piece, "more_body": bool(chunks)}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if take is not None and message["type"] == "http.response.body":
                await take.wait()
            await sent.put(dict(message))

        run = self.app(_scope(method, target, whole), receive, send)
        return Stream(sent, gone, asyncio.ensure_future(run))

    async def ask(self, method: str, target: str, **more: Any) -> Answer:
        stream = self.open(method, target, **more)
        start = await stream.next()
        headers = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
        answer = Answer(start["status"], headers, await stream.rest())
        await stream.task
        self._check_declared(method, target, answer.status)
        return answer

    def _check_declared(self, method: str, target: str, status: int) -> None:
        """Hold every good answer against the status its route declares in the schema."""
        if not 200 <= status < 300:
            return
        path = unquote(target.partition("?")[0])
        routes = (r for r in self.app.routes if isinstance(r, DoorRoute) and method in (r.methods or ()))
        found = sorted((r for r in routes if r.place(path) is not None), key=lambda r: not r.literal)
        if found and found[0].operation is not None:
            # A part of a file is what was asked for with a range.
            assert status in (found[0].operation.status, 206), (method, target, status)

    async def post(self, target: str, value: Any, **more: Any) -> Answer:
        headers = {"content-type": "application/json", **more.pop("headers", {})}
        return await self.ask("POST", target, body=json.dumps(value).encode(), headers=headers, **more)

    async def form(self, target: str, parts: Sequence[Any], **more: Any) -> Answer:
        body, kind = multipart(parts)
        headers = {"content-type": kind, **more.pop("headers", {})}
        chunk = more.pop("chunk", len(body) or 1)
        pieces = [body[i : i + chunk] for i in range(0, len(body), chunk)]
        return await self.ask("POST", target, body=pieces, headers=headers, **more)

    async def made(self, prompt: str = "a red kite", **fields: Any) -> str:
        answer = await self.post("/v1/videos", {"prompt": prompt, "size": "64x64", **fields})
        assert answer.status == 200, answer.body
        return answer.json()["id"]

    async def move(self, video_id: str, status: Status, **changes: Any) -> None:
        """Take a task to a status by its declared steps, telling of it as the engine does."""
        now = self.clock.now_ms()

        def work(conn: Connection) -> None:
            task = task_rows.get(conn, video_id)
            assert task is not None
            before = _STEPS.get(status, frozenset({task.status}))
            moved = task_rows.move(
                conn,
                video_id,
                epoch=task.lease_epoch,
                before=before,
                changes={"status": status, **changes},
                now=now,
            )
            assert moved
            data = {"status": status.value, "progress": changes.get("progress")}
            event_rows.append(conn, video_id, _TOLD[status], data, now, self.ctx.ids.new("evt"))

        await self.ctx.backend.write(work)
        self.ctx.hub.wake()

    async def run(self, video_id: str) -> None:
        await self.move(video_id, Status.SUBMITTING)
        await self.move(video_id, Status.RUNNING, progress=10)

    async def complete(self, video_id: str, clip: bytes = b"0123456789", **changes: Any) -> str:
        """Finish a task with these bytes as its clip; gives their SHA-256."""
        await self.run(video_id)
        await self.move(video_id, Status.ARCHIVING)
        for variant, data, kind in (
            (Variant.VIDEO, clip, "video/mp4"),
            (Variant.THUMBNAIL, b"thumb", "image/webp"),
            (Variant.SPRITESHEET, b"sheet", "image/jpeg"),
        ):
            blob = await self.ctx.blobs.put_bytes(data, kind)
            asset = Asset(
                id=self.ctx.ids.new("asset"),
                task_id=video_id,
                variant=variant,
                sha256=blob.sha256,
                media_type=kind,
                bytes=len(data),
                width=64,
                height=64,
                seconds=4.0,
                created_at=self.clock.now_ms(),
            )
            await self.ctx.backend.write(lambda conn, b=blob: blob_rows.put(conn, b))
            await self.ctx.backend.write(lambda conn, a=asset: asset_rows.insert(conn, a))
        done = {"completed_at": self.clock.now_ms(), "progress": 100, **changes}
        await self.move(video_id, Status.COMPLETED, **done)
        return hashlib.sha256(clip).hexdigest()

    async def fail(self, video_id: str, status: Status = Status.FAILED, error: Failure | None = None) -> None:
        row = await self.ctx.backend.point(lambda conn: task_rows.get(conn, video_id))
        assert row is not None
        assert row.status in OPEN
        await self.move(video_id, status, error=error)


def multipart(parts: Sequence[Any]) -> tuple[bytes, str]:
    """Write a form; a part is (name, text) or (name, filename, type, bytes)."""
    edge = "x7f3edge"
    out = io.BytesIO()
    for part in parts:
        out.write(f"--{edge}\r\n".encode())
        if len(part) == 2:
            name, text = part
            data = text if isinstance(text, bytes) else text.encode()
            out.write(f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data)
        else:
            name, filename, kind, data = part
            out.write(f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'.encode())
            out.write(f"Content-Type: {kind}\r\n\r\n".encode() + data)
        out.write(b"\r\n")
    out.write(f"--{edge}--\r\n".encode())
    return out.getvalue(), f"multipart/form-data; boundary={edge}"


def png(width: int = 64, height: int = 64) -> bytes:
    """Draw a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 40, 40)).save(out, "PNG")
    return out.getvalue()


@asynccontextmanager
async def open_bench(
    folder: Path,
    empty: Path,
    limits: Limits,
    policy: Policy | None = None,
    provider: Callable[[], Provider] | None = None,
) -> AsyncIterator[Bench]:
    shutil.copy(empty, folder / "reelgate.db")
    backend = await open_backend(f"sqlite:///{folder / 'reelgate.db'}")
    scripted, clock, runner, guard = Scripted(), FakeClock(), Quiet(), Guard(allow=())
    profiles = {"scripted": scripted.profiles}
    ids = SeededIds(1, now_ms=clock.now_ms())
    vault = Secrets(source_of(folder, None, None))
    await prepare(backend, vault, clock.now_ms())
    ctx = Context(
        backend=backend,
        blobs=BlobStore(folder),
        renders=None,  # pyright: ignore[reportArgumentType]
        client=Client(guard),
        guard=guard,
        dialects={"scripted": scripted},
        profiles=profiles,
        clock=clock,
        ids=ids,
        channels=ChannelTable(profiles, vault, clock),
        hub=Hub(backend),
        rounds=Rounds(clock),
        engine=runner,  # pyright: ignore[reportArgumentType]
        vault=vault,
        limits=limits,
        rules=Rules(default_model="sora-2"),
    )
    channel = Channel(
        id="chan_one", name="one", dialect="scripted", base_url="", models={"demo": "scripted-1"}
    )
    now = clock.now_ms()
    await backend.write(lambda conn: channel_rows.insert(conn, channel, now))
    await backend.write(lambda conn: channel_rows.put_alias(conn, "sora-2", "demo", now))
    await ctx.channels.reload(backend)
    reading = asyncio.create_task(ctx.hub.run())
    made = await create_key(backend, ids, clock, PEPPER, name="main")
    access = Access(
        backend=backend,
        clock=clock,
        ids=ids,
        vault=vault,
        pepper=PEPPER,
        policy=policy or Policy(),
        passwords=Passwords(CHEAP),
    )
    app = build_app(
        ctx, PEPPER, tick_s=0.02, access=access, provider=None if provider is None else provider()
    )
    try:
        yield Bench(app, ctx, clock, made.token, runner)
    finally:
        access.passwords.close()
        ctx.hub.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await ctx.client.close()
        await backend.close()
