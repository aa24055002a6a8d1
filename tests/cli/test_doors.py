"""Doors carry bytes there and back, and say truthfully whether an answer came."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from reelgate.cli.client import Api, Part, encode_form
from reelgate.cli.doors import Answer, AsgiDoor, Ask, Door, HttpDoor, NoAnswer, Sink
from reelgate.cli.trouble import Exit, Trouble


class Handler(BaseHTTPRequestHandler):
    """Echoes what it was sent; `/cut` promises more than it gives, `/away` hangs up."""

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.endswith("/away"):
            self.connection.close()
            return
        said = {"path": self.path, "body": body.decode(), "auth": self.headers.get("authorization")}
        self._answer(json.dumps(said).encode())

    def do_GET(self) -> None:
        self._answer(b"x" * 1000, short=self.path.endswith("/cut"))

    def _answer(self, body: bytes, *, short: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (10 if short else 0)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_a_request_goes_over_http_below_the_named_address() -> None:
    with serving() as base:
        for given in (base, base + "/", base + "/v1", base + "/v1/"):
            answer = await HttpDoor(given).send(Ask(method="POST", path="/v1/videos", body=b"hello"))
            assert json.loads(answer.body)["path"] == "/v1/videos"
        below = await HttpDoor(base + "/gate/v1").send(Ask(method="POST", path="/v1/videos"))
        assert json.loads(below.body)["path"] == "/gate/v1/videos"


async def test_a_download_goes_into_the_sink_with_its_total() -> None:
    got: list[tuple[bytes, int | None]] = []
    with serving() as base:
        answer = await HttpDoor(base).send(Ask(method="GET", path="/file"), lambda c, t: got.append((c, t)))
    assert answer.body == b""
    assert b"".join(chunk for chunk, _ in got) == b"x" * 1000
    assert {total for _, total in got} == {1000}


async def test_a_download_that_ends_early_is_no_answer() -> None:
    with serving() as base, pytest.raises(NoAnswer):
        await HttpDoor(base).send(Ask(method="GET", path="/cut"), lambda *_: None)


async def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NoAnswer) as caught:
        await HttpDoor(f"http://127.0.0.1:{port}").send(Ask(method="POST", path="/v1/videos"))
    assert caught.value.sent is False


async def test_a_connection_cut_after_the_request_may_have_been_sent() -> None:
    with serving() as base, pytest.raises(NoAnswer) as caught:
        await HttpDoor(base).send(Ask(method="POST", path="/away", body=b"{}"))
    assert caught.value.sent is True


async def test_a_cancelled_request_lets_go_of_its_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        door = HttpDoor(f"http://127.0.0.1:{silent.getsockname()[1]}")
        asking = asyncio.create_task(door.send(Ask(method="GET", path="/")))
        accepted, _ = await asyncio.to_thread(silent.accept)
        with accepted:
            assert await asyncio.to_thread(accepted.recv, 4096)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            accepted.settimeout(5)
            assert await asyncio.to_thread(accepted.recv, 4096) == b""


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/", "http://", "/v1"])
def test_what_is_not_an_http_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        HttpDoor(url)


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    message = await receive()
    headers = [(b"Content-Type", b"application/json"), (b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    assert message["body"] == b"body"
    assert scope["query_string"] == b"a=1"
    await send({"type": "http.response.body", "body": b"{}", "more_body": True})
    await send({"type": "http.response.body", "body": b"  "})


async def test_an_application_is_called_without_a_socket() -> None:
    ask = Ask(method="POST", path="/v1/videos?a=1", body=b"body")
    answer = await AsgiDoor(_echo).send(ask)
    assert answer == Answer(
        status=200, headers={"content-type": "application/json", "content-length": "4"}, body=b"{}  "
    )
    got: list[int | None] = []
    await AsgiDoor(_echo).send(ask, lambda _, total: got.append(total))
    assert got == [4, 4]


async def test_an_application_that_says_nothing_is_no_answer() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        pass

    with pytest.raises(NoAnswer):
        await AsgiDoor(silent).send(Ask(method="GET", path="/"))


class Scripted:
    """A door that answers from a list and remembers what it was asked."""

    def __init__(self, *answers: Answer | NoAnswer) -> None:
        self.answers = list(answers)
        self.asked: list[Ask] = []

    async def send(self, ask: Ask, sink: Sink | None = None) -> Answer:
        self.asked.append(ask)
        answer = self.answers.pop(0)
        if isinstance(answer, NoAnswer):
            raise answer
        return answer


def _api(door: Door, key: str | None = "k") -> Api:
    return Api(door, key, embedded=False, where="there")


def _error(status: int, **error: Any) -> Answer:
    return Answer(status=status, headers={}, body=json.dumps({"error": error}).encode())


async def test_a_lost_answer_is_asked_for_again_under_the_same_idempotency_key() -> None:
    door = Scripted(NoAnswer("cut", sent=True), Answer(status=200, headers={}, body=b'{"id": "video_1"}'))
    assert await _api(door).post("/v1/videos", {"prompt": "x"}) == {"id": "video_1"}
    first, second = (ask.headers["idempotency-key"] for ask in door.asked)
    assert first == second


async def test_an_answer_lost_for_good_is_unknown_and_never_called_failed() -> None:
    door = Scripted(*(NoAnswer("cut", sent=True) for _ in range(3)))
    with pytest.raises(Trouble) as caught:
        await _api(door).post("/v1/videos", {"prompt": "x"})
    assert caught.value.exit_code is Exit.UNKNOWN
    assert len(door.asked) == 3


async def test_a_read_without_an_answer_is_unreachable() -> None:
    with pytest.raises(Trouble) as caught:
        await _api(Scripted(NoAnswer("refused", sent=True))).get("/v1/videos")
    assert caught.value.exit_code is Exit.UNREACHABLE


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_error(404, message="no", code="not_found"), Exit.NOT_FOUND),
        (_error(401, message="no", code="invalid_api_key"), Exit.DENIED),
        (_error(403, message="no", code="whatever"), Exit.DENIED),
        (_error(400, message="no", code="invalid_value", param="size"), Exit.USAGE),
        (_error(400, message="no", code="submission_unknown"), Exit.UNKNOWN),
        (_error(409, message="no", code="not_ready"), Exit.FAILED),
        (_error(503, message="no", code="overloaded"), Exit.FAILED),
        (Answer(status=502, headers={}, body=b"<html>"), Exit.FAILED),
        (Answer(status=302, headers={}, body=b""), Exit.FAILED),
        (Answer(status=400, headers={}, body=b'{"error": "plain"}'), Exit.USAGE),
        (Answer(status=200, headers={}, body=b"<html>"), Exit.FAILED),
    ],
)
async def test_every_refusal_has_an_exit_code_scripts_can_use(answer: Answer, expected: Exit) -> None:
    with pytest.raises(Trouble) as caught:
        await _api(Scripted(answer)).get("/v1/videos/x")
    assert caught.value.exit_code is expected
    assert caught.value.message


async def test_a_form_holds_texts_and_files() -> None:
    parts = [
        Part(name="prompt", value="纸船".encode()),
        Part(name="input_reference", value=b"\x89PNG", filename='a"b.png', media_type="image/png"),
    ]
    body = encode_form(parts, "b")
    assert body == (
        '--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n纸船\r\n'.encode()
        + b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="a%22b.png"\r\n'
        + b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--b--\r\n"
    )
