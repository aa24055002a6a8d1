"""The fake upstream's HTTP side: the OpenAI Videos routes, each passing through the faults it was asked for."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from aiohttp import web

from reelgate.core.task import parse_size
from reelgate.testing.upstream.answers import broken, error, json_reply, poll_fault, refusal, unknown_job
from reelgate.testing.upstream.clip import clip
from reelgate.testing.upstream.content import content
from reelgate.testing.upstream.faults import FAULTS, Stage
from reelgate.testing.upstream.jobs import Bill, BillLine, Faulter, FileSeen, Job, Script


class FakeUpstream:
    """A stateful upstream on a port of its own; `bill` says what it would charge for."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        bill_path: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.script = script or Script()
        self.bill = Bill(bill_path)
        self.jobs: dict[str, Job] = {}
        self.seen: Counter[str] = Counter()
        """How many requests of each kind came: create, poll, list, content, delete, other."""
        self._place = (host, port)
        self._now = monotonic
        self._faulter = Faulter(self.script)
        self._order: list[str] = []
        self._position: dict[str, int] = {}
        self._characters: dict[str, dict[str, Any]] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeUpstream:
        app = web.Application(client_max_size=256 * 2**20, middlewares=[self._check_key])
        app.on_response_prepare.append(_mark)
        self._add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._place).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self.bill.close()

    @property
    def base_url(self) -> str:
        """The address a channel is given."""
        if self._runner is None:
            msg = "the upstream is not running"
            raise RuntimeError(msg)
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/v1"

    def _add_routes(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/v1/videos/{ref}", self._poll),
                web.get("/v1/videos", self._list),
                web.post("/v1/videos", self._create),
                web.get("/v1/videos/{ref}/content", self._content),
                web.delete("/v1/videos/{ref}", self._delete),
                web.post("/v1/videos/edits", self._create),
                web.post("/v1/videos/extensions", self._create),
                web.post("/v1/videos/characters", self._add_character),
                web.get("/v1/videos/characters/{id}", self._character),
                web.post("/v1/videos/{ref}/remix", self._create),
                web.get("/v1/models", self._models),
                web.get("/simulator/bill", self._show_bill),
            ]
        )

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Any) -> web.StreamResponse:
        key = self.script.key
        given = (request.headers.get("authorization"), request.headers.get("api-key"))
        if key is not None and given not in {(f"Bearer {key}", None), (None, key)}:
            return error(401, "Incorrect API key provided.", code="invalid_api_key")
        return await handler(request)

    # Creating.

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.seen["create"] += 1
        fields, files = await read_form(request)
        prompt = str(fields.get("prompt") or "")
        if not prompt:
            return error(400, "`prompt` is required.", param="prompt", code="missing_required_parameter")
        faults = self._faulter.strike(self.seen["create"], prompt)
        before = [name for name in faults if FAULTS[name].stage is Stage.BEFORE]
        if before:
            return await refusal(request, before[0], faults[before[0]])
        parent = self._parent(request, fields)
        if isinstance(parent, web.Response):
            return parent
        job = self._accept(request, fields, files, faults, parent)
        answer = msgspec.json.encode(job.view(self._now()))
        after = [name for name in faults if FAULTS[name].stage is Stage.AFTER]
        return await broken(request, after[0], faults[after[0]], answer) if after else json_reply(answer)

    def _parent(self, request: web.Request, fields: Mapping[str, Any]) -> Job | web.Response | None:
        ref = request.match_info.get("ref") or _id_in(fields.get("video"))
        if ref is None:
            return None
        parent = self.jobs.get(ref)
        if parent is None:
            return error(404, f"No video found with id {ref}.")
        if parent.moment(self._now())[0] != "completed":
            return error(400, "The source video is not completed yet.", param="video")
        return parent

    def _accept(
        self,
        request: web.Request,
        fields: Mapping[str, Any],
        files: tuple[FileSeen, ...],
        faults: Mapping[str, str],
        parent: Job | None,
    ) -> Job:
        number = len(self.bill) + 1
        verb = _verb(request.path)
        seconds = str(fields.get("seconds") or (parent.seconds if parent else "4"))
        if verb == "extend" and parent is not None:
            seconds = str(int(seconds) + int(parent.seconds))
        job = Job(
            ref=f"video_{number:07d}{secrets.token_hex(6)}",
            number=number,
            verb=verb,
            model=str(fields.get("model") or (parent.model if parent else self.script.default_model)),
            prompt=str(fields["prompt"]),
            seconds=seconds,
            size=str(fields.get("size") or (parent.size if parent else "720x1280")),
            created_s=int(time.time()),
            started=self._now(),
            queue_s=self.script.queue_s,
            run_s=self._faulter.run_seconds(str(fields["prompt"])),
            faults=faults,
            parent=parent.ref if parent else None,
            fields=fields,
            files=files,
        )
        self._charge(job, request.headers.get("idempotency-key"))
        self.jobs[job.ref] = job
        self._position[job.ref] = len(self._order)
        self._order.append(job.ref)
        return job

    def _charge(self, job: Job, token: str | None) -> None:
        self.bill.add(
            BillLine(
                number=job.number,
                ref=job.ref,
                verb=job.verb,
                model=job.model,
                prompt=job.prompt,
                seconds=job.seconds,
                token=token,
                at_ms=int(time.time() * 1_000),
            )
        )

    # Asking.

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        self.seen["poll"] += 1
        job = self.jobs.get(request.match_info["ref"])
        if job is None:
            return unknown_job()
        job.polls += 1
        if job.faults:
            answer = await poll_fault(job)
            if answer is not None:
                return answer
        view = job.view(self._now())
        if "fails_as_http" in job.faults and view["status"] == "failed":
            return json_reply(
                msgspec.json.encode(view | {"error": {"code": 500, "message": "CUDA out of memory"}}), 500
            )
        return json_reply(msgspec.json.encode(view))

    async def _list(self, request: web.Request) -> web.Response:
        self.seen["list"] += 1
        if not self.script.lists:
            return error(404, "Invalid URL (GET /v1/videos)")
        limit = min(int(request.query.get("limit", "20")), 100)
        step = 1 if request.query.get("order") == "asc" else -1
        start = self._start(request.query.get("after"), step)
        now = self._now()
        page: list[dict[str, Any]] = []
        more = False
        while start is not None and 0 <= start < len(self._order):
            job = self.jobs.get(self._order[start])
            start += step
            if job is None or ("forgotten" in job.faults and job.polls >= 1):
                continue
            if len(page) >= limit:
                more = True
                break
            job.polls += 1
            page.append(job.view(now))
        ends = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        body = {"object": "list", "data": page, "first_id": ends[0], "last_id": ends[1], "has_more": more}
        return json_reply(msgspec.json.encode(body))

    def _start(self, after: str | None, step: int) -> int | None:
        if after is None:
            return 0 if step > 0 else len(self._order) - 1
        position = self._position.get(after)
        return None if position is None else position + step

    async def _delete(self, request: web.Request) -> web.Response:
        self.seen["delete"] += 1
        ref = request.match_info["ref"]
        if self.jobs.pop(ref, None) is None:
            return unknown_job()
        return json_reply(msgspec.json.encode({"id": ref, "object": "video.deleted", "deleted": True}))

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": self.script.default_model, "object": "model", "created": 0, "owned_by": "simulator"}
        return json_reply(msgspec.json.encode({"object": "list", "data": [model]}))

    async def _show_bill(self, _: web.Request) -> web.Response:
        return json_reply(msgspec.json.encode({"lines": self.bill.lines, "seen": dict(self.seen)}))

    async def _add_character(self, request: web.Request) -> web.Response:
        fields, files = await read_form(request)
        if not fields.get("name") or not files:
            return error(400, "`name` and `video` are required.", param="name")
        name = f"char_{len(self._characters) + 1:06d}"
        self._characters[name] = {"id": name, "name": fields["name"], "created_at": int(time.time())}
        return json_reply(msgspec.json.encode(self._characters[name]))

    async def _character(self, request: web.Request) -> web.Response:
        found = self._characters.get(request.match_info["id"])
        return error(404, "No such character.") if found is None else json_reply(msgspec.json.encode(found))

    # Fetching.

    async def _content(self, request: web.Request) -> web.StreamResponse:
        self.seen["content"] += 1
        job = self.jobs.get(request.match_info["ref"])
        if job is None:
            return unknown_job()
        if job.moment(self._now())[0] != "completed" or "withheld" in job.faults:
            return error(404, "The video is not ready.")
        job.fetches += 1
        data = await self._clip_of(job)
        return await content(request, job, data)

    async def _clip_of(self, job: Job) -> bytes:
        size = parse_size(job.size) if self.script.true_size else None
        if size is None:
            return clip()
        return await asyncio.to_thread(clip, size.width, size.height, max(1, int(float(job.seconds))))


async def _mark(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-reelgate-simulator"] = "1"


# Bodies.


def _verb(path: str) -> str:
    for ending, verb in (("/remix", "remix"), ("/edits", "edit"), ("/extensions", "extend")):
        if path.endswith(ending):
            return verb
    return "create"


def _id_in(value: object) -> str | None:
    if isinstance(value, dict):
        inner = cast("dict[str, object]", value).get("id")
        return inner if isinstance(inner, str) else None
    return value if isinstance(value, str) else None


async def read_form(request: web.Request) -> tuple[dict[str, Any], tuple[FileSeen, ...]]:
    """Read JSON or a form; bracketed names are folded one level deep."""
    if request.content_type not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        try:
            body: object = msgspec.json.decode(await request.read() or b"{}")
        except msgspec.DecodeError:
            body = None
        return (cast("dict[str, Any]", body) if isinstance(body, dict) else {}), ()
    fields: dict[str, Any] = {}
    files: list[FileSeen] = []
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            data = value.file.read()
            digest = hashlib.sha256(data).hexdigest()
            files.append(FileSeen(name, value.filename, value.content_type, len(data), digest))
            continue
        outer, bracket, inner = name.partition("[")
        if bracket and inner.endswith("]") and inner != "]":
            fields.setdefault(outer, {})[inner[:-1]] = value
        else:
            fields[name] = value
    return fields, tuple(files)
