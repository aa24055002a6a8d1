"""An upstream that costs almost nothing and writes down who was asked when.

It speaks the OpenAI Videos shape over real HTTP on one connection after another, keeps a bill, and
remembers when each job was last asked about, singly or in a list: that log is what poll lateness is
judged by. Its first line is its address as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

import httptools
import msgspec
import uvloop

PAGE_MAX = 100


class Log:
    """When each job was asked about."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}
        self.gaps: array[float] = array("d")
        self.asked_since_mark: set[str] = set()
        self.marked_at = 0.0
        self.complete_at: float | None = None
        self.requests = 0

    def mark(self) -> None:
        """Begin a new window; what came before counts no more."""
        self.gaps = array("d")
        self.asked_since_mark = set()
        self.marked_at = time.monotonic()
        self.complete_at = None
        self.requests = 0

    def note(self, refs: Sequence[str], total: int) -> None:
        """Note that somebody was told about these jobs."""
        now = time.monotonic()
        for ref in refs:
            before = self.last.get(ref)
            if before is not None and before >= self.marked_at:
                self.gaps.append(now - before)
            self.last[ref] = now
        self.asked_since_mark.update(refs)
        if self.complete_at is None and len(self.asked_since_mark) >= total:
            self.complete_at = now


class Upstream:
    """Jobs, the bill and the log."""

    def __init__(self, run_s: float, clip: bytes, *, lists: bool, hangs: bool = False) -> None:
        self.run_s = run_s
        self.clip = clip
        self.lists = lists
        self.hangs = hangs
        self.order: list[str] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tokens: list[str] = []
        self.log = Log()

    def answer(
        self, method: str, target: str, headers: dict[bytes, bytes], body: bytes
    ) -> tuple[int, str, bytes] | None:
        """Answer one request: status, media type, body; None when it is left without one."""
        if self.hangs and method == "GET" and target.startswith("/v1/"):
            self.log.requests += 1
            return None
        path, _, query = target.partition("?")
        if method == "POST" and path == "/v1/videos":
            return self._create(headers, body)
        if path == "/v1/videos":
            return self._list(parse_qs(query))
        if path.endswith("/content"):
            return 200, "video/mp4", self.clip
        if path == "/log":
            return _json(self._report())
        if path == "/mark":
            self.log.mark()
            return _json({})
        return self._poll(path.rpartition("/")[2])

    def _create(self, headers: dict[bytes, bytes], body: bytes) -> tuple[int, str, bytes]:
        fields = _fields(headers, body)
        ref = f"video_up{len(self.order):08d}"
        self.order.append(ref)
        self.tokens.append(headers.get(b"idempotency-key", b"").decode())
        self.jobs[ref] = {
            "id": ref,
            "object": "video",
            "model": fields.get("model", "bench-video"),
            "created_at": int(time.time()),
            "born": time.monotonic(),
            "seconds": fields.get("seconds", "4"),
            "size": fields.get("size", "720x1280"),
            "prompt": fields.get("prompt"),
        }
        return _json(self._view(ref))

    def _view(self, ref: str) -> dict[str, Any]:
        job = dict(self.jobs[ref])
        done = time.monotonic() - job.pop("born") >= self.run_s
        return job | {
            "status": "completed" if done else "in_progress",
            "progress": 100 if done else 1,
            "completed_at": int(time.time()) if done else None,
            "expires_at": None,
            "error": None,
            "remixed_from_video_id": None,
        }

    def _poll(self, ref: str) -> tuple[int, str, bytes]:
        self.log.requests += 1
        if ref not in self.jobs:
            return _json({"error": {"message": "no such video", "type": "invalid_request_error"}}, 404)
        self.log.note([ref], len(self.order))
        return _json(self._view(ref))

    def _list(self, query: dict[str, list[str]]) -> tuple[int, str, bytes]:
        if not self.lists:
            return _json({"error": {"message": "Not found", "type": "invalid_request_error"}}, 404)
        self.log.requests += 1
        limit = min(PAGE_MAX, int(query.get("limit", ["20"])[0]))
        after = query.get("after", [""])[0]
        end = int(after[len("video_up") :]) if after in self.jobs else len(self.order)
        refs = self.order[max(0, end - limit) : end][::-1]
        self.log.note(refs, len(self.order))
        return _json({"object": "list", "data": [self._view(r) for r in refs], "has_more": end > limit})

    def _report(self) -> dict[str, Any]:
        gaps = sorted(self.log.gaps)
        return {
            "billed": len(self.order),
            "tokens": len(set(self.tokens)),
            "requests": self.log.requests,
            "asked": len(self.log.asked_since_mark),
            "answers": len(gaps),
            "gap_s": {
                name: gaps[min(len(gaps) - 1, int(share * len(gaps)))] if gaps else None
                for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
            },
            "all_asked_after_s": None
            if self.log.complete_at is None
            else self.log.complete_at - self.log.marked_at,
        }


def _json(value: Any, status: int = 200) -> tuple[int, str, bytes]:
    return status, "application/json", msgspec.json.encode(value)


def _fields(headers: dict[bytes, bytes], body: bytes) -> dict[str, Any]:
    if headers.get(b"content-type", b"").startswith(b"application/json"):
        return msgspec.json.decode(body)
    return {}  # a form: what it says is of no interest here


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop has transports of its own kind.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target in."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header in."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body in."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer."""
        answer = self._upstream.answer(
            self._parser.get_method().decode(), self._target.decode(), self._headers, b"".join(self._body)
        )
        if answer is None:
            self._reset()
            return
        status, kind, body = answer
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)
        if not self._parser.should_keep_alive():
            self._transport.close()
        self._reset()


async def _serve(upstream: Upstream) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(upstream), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    options = argparse.ArgumentParser(prog="python -m bench.upstream", description=__doc__)
    options.add_argument("--run", type=float, default=1e9, metavar="S", help="seconds a job runs")
    options.add_argument("--no-list", action="store_true", help="have no list of jobs")
    options.add_argument("--hang", action="store_true", help="take jobs and never answer who asks about them")
    options.add_argument("--clip", type=Path, help="what every finished job gives")
    given = options.parse_args()
    clip = given.clip.read_bytes() if given.clip else b""
    uvloop.run(_serve(Upstream(given.run, clip, lists=not given.no_list, hangs=given.hang)))


if __name__ == "__main__":
    main()
