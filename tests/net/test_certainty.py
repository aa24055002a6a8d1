"""`sent=False` is a promise: the server saw no byte of the request."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
import struct
from pathlib import Path

import msgspec
import pytest

from reelgate.core.dialect import Call, Closed, File, Line, NoReply, Reply
from reelgate.net.client import Client, Limits
from tests.net.loopback import (
    CANARY,
    HOME,
    Handler,
    Served,
    answering,
    channel,
    http,
    no_blob,
    open_guard,
    read_request,
    serve,
)

POST = Call(method="POST", path="jobs", json={"prompt": "x"}, timeout_s=3.0)
GET = Call(method="GET", path="jobs/1", timeout_s=3.0)


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


async def closes_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    writer.close()


async def resets_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    reset(writer)


async def closes_after_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)


async def resets_after_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)
    reset(writer)


async def closes_after_headers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")


async def resets_mid_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    await writer.drain()
    await asyncio.sleep(0)
    reset(writer)


async def cuts_a_chunked_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    await asyncio.Event().wait()


async def answers_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(b"\x00\x01 this is not HTTP\r\n\r\n")


async def drips_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Slow: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drips_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def sends_endless_headers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000)
    await writer.drain()
    await asyncio.Event().wait()


async def sends_a_thousand_headers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"Content-Length: 0\r\n\r\n")


async def sends_a_large_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await read_request(reader, served)
    writer.write(http(b"x" * 5000))


async def claims_gzip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(http(b"not gzip at all", Content_Encoding="gzip"))


async def claims_brotli(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(http(b"\x0b\x02\x80", Content_Encoding="br"))


FAULTY: tuple[Handler, ...] = (
    closes_at_once,
    resets_at_once,
    closes_after_request,
    resets_after_request,
    closes_after_headers,
    resets_mid_body,
    cuts_a_chunked_body,
    never_answers,
    answers_garbage,
    drips_headers,
    drips_a_body,
    sends_endless_headers,
    sends_a_thousand_headers,
    sends_a_large_body,
    claims_gzip,
    claims_brotli,
)


@pytest.mark.parametrize("call", [POST, GET], ids=("POST", "GET"))
@pytest.mark.parametrize("handler", FAULTY, ids=lambda h: h.__name__)
async def test_an_upstream_that_breaks_after_connecting_may_have_seen_the_request(
    handler: Handler, call: Call
) -> None:
    async with serve(handler) as upstream:
        client = Client(open_guard(), limits=Limits(body_bytes=1000))
        outcome = await client.send(call, channel(upstream.url()), no_blob)
        await client.close()

    assert isinstance(outcome, NoReply)
    assert outcome.sent
    assert not outcome.blocked
    assert HOME not in outcome.reason
    assert str(upstream.port) not in outcome.reason


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_is_not_a_question_is_never_asked_twice(method: str) -> None:
    async with serve(closes_after_request) as upstream:
        client = Client(open_guard())
        outcome = await client.send(
            Call(method=method, path="x", json={}),  # pyright: ignore[reportArgumentType]
            channel(upstream.url()),
            no_blob,
        )
        await client.close()

    assert isinstance(outcome, NoReply)
    assert outcome.sent
    assert len(upstream.requests) == upstream.connections == 1


async def test_a_submission_never_rides_on_a_kept_alive_connection() -> None:
    async with serve(answering(http(b"{}"))) as upstream:
        client = Client(open_guard())
        here = channel(upstream.url())
        for call in (GET, GET, POST, POST):
            assert isinstance(await client.send(call, here, no_blob), Reply)
        await client.close()

    assert upstream.connections == 3


async def test_a_poll_on_a_connection_that_was_closed_meanwhile_is_simply_asked_again() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        writer.write(http(b"{}"))
        await writer.drain()
        await reader.read(1)

    async with serve(once) as upstream:
        client = Client(open_guard())
        assert isinstance(await client.send(GET, channel(upstream.url()), no_blob), Reply)
        assert isinstance(await client.send(GET, channel(upstream.url()), no_blob), Reply)
        await client.close()

    assert upstream.connections == 2


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOME, 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize("call", [POST, GET], ids=("POST", "GET"))
async def test_a_refused_connection_sent_nothing(call: Call) -> None:
    client = Client(open_guard())
    outcome = await client.send(call, channel(f"http://{HOME}:{_free_port()}"), no_blob)
    await client.close()

    assert outcome == NoReply(sent=False, reason="No connection could be made.")


async def test_a_name_that_does_not_resolve_sent_nothing() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    client = Client(open_guard(), lookup=nowhere)
    outcome = await client.send(POST, channel("https://n.example"), no_blob)
    await client.close()

    assert outcome == NoReply(sent=False, reason="The host name does not resolve.")


@pytest.mark.parametrize("limits", [Limits(), Limits(connect_s=0.1)], ids=("whole call", "connect"))
async def test_a_name_that_takes_for_ever_sent_nothing(limits: Limits) -> None:
    async def silent(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    client = Client(open_guard(), lookup=silent, limits=limits)
    outcome = await client.send(POST, channel("https://n.example"), no_blob)
    await client.close()

    assert outcome == NoReply(sent=False, reason="No connection was made in time.")


async def test_a_full_backlog_sent_nothing() -> None:
    with socket.socket() as sock:
        sock.bind((HOME, 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex((HOME, port))
        client = Client(open_guard(), limits=Limits(connect_s=0.2))

        outcome = await client.send(POST, channel(f"http://{HOME}:{port}"), no_blob)

        await client.close()
        for filler in fillers:
            filler.close()

    assert isinstance(outcome, NoReply)
    assert not outcome.sent


async def test_a_call_that_waits_for_a_connection_in_vain_sent_nothing() -> None:
    arrived = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        arrived.set()
        await asyncio.Event().wait()

    async with serve(never) as upstream:
        client = Client(open_guard(), limits=Limits(fresh=1, fresh_per_host=1))
        patient = msgspec.structs.replace(POST, timeout_s=60.0)
        first = asyncio.create_task(client.send(patient, channel(upstream.url()), no_blob))
        await asyncio.wait_for(arrived.wait(), 30)
        second = await client.send(POST, channel(upstream.url()), no_blob)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await client.close()

    assert second == NoReply(sent=False, reason="No connection was made in time.")
    assert len(upstream.requests) == 1


async def test_a_closed_address_sent_nothing_and_says_so() -> None:
    client = Client(open_guard())
    outcome = await client.send(POST, channel(f"http://{CANARY}:9"), no_blob)
    await client.close()

    assert isinstance(outcome, NoReply)
    assert (outcome.sent, outcome.blocked) == (False, True)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_a_header_with_a_line_break_sent_nothing(value: str) -> None:
    async with serve(answering(http())) as upstream:
        client = Client(open_guard())
        outcome = await client.send(
            Call(method="POST", path="x", headers={"Authorization": value}), channel(upstream.url()), no_blob
        )
        await client.close()

    assert isinstance(outcome, NoReply)
    assert not outcome.sent
    assert upstream.connections == 0


async def test_a_stored_file_that_is_gone_sent_nothing() -> None:
    async with serve(answering(http())) as upstream:
        client = Client(open_guard())
        form = (File("f", "0" * 64, "f.png", "image/png"),)
        outcome = await client.send(
            Call(method="POST", path="x", form=form), channel(upstream.url()), no_blob
        )
        await client.close()

    assert isinstance(outcome, NoReply)
    assert not outcome.sent
    assert upstream.connections == 0


async def speaks_plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    served.received += await reader.read(5)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def hangs_in_the_handshake(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("handler", [speaks_plain, hangs_in_the_handshake, closes_at_once, resets_at_once])
async def test_a_handshake_that_fails_sent_nothing(handler: Handler) -> None:
    async with serve(handler) as upstream:
        client = Client(open_guard(), limits=Limits(connect_s=0.3))
        outcome = await client.send(POST, channel(f"https://{HOME}:{upstream.port}"), no_blob)
        await client.close()

    assert isinstance(outcome, NoReply)
    assert not outcome.sent
    assert b"POST" not in upstream.received


def _certificate(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    start = datetime.datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_tls_keeps_the_name_while_dialling_the_checked_address(tmp_path: Path) -> None:
    pem = _certificate(tmp_path)
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(pem)
    asked: list[str | None] = []
    server_tls.sni_callback = lambda _sock, name, _ctx: asked.append(name)
    heads: list[bytes] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http(b"{}"))
        await writer.drain()
        writer.close()

    async def lookup(host: str, port: int) -> list[str]:
        return [HOME]

    server = await asyncio.start_server(run, HOME, 0, ssl=server_tls)
    port = server.sockets[0].getsockname()[1]
    here = channel(f"https://shop.example:{port}")
    trusting = Client(open_guard(), lookup=lookup, tls=ssl.create_default_context(cafile=str(pem)))
    doubting = Client(open_guard(), lookup=lookup)

    good = await trusting.send(Call(method="GET", path="x"), here, no_blob)
    bad = await doubting.send(POST, here, no_blob)
    await trusting.close()
    await doubting.close()
    server.close()

    assert isinstance(good, Reply)
    assert asked[0] == "shop.example"
    assert f"host: shop.example:{port}".encode() in heads[0].lower()
    assert bad == NoReply(sent=False, reason="The certificate is not trusted.")
    assert len(heads) == 1


async def test_a_stream_gives_its_status_then_its_lines_then_its_end() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for piece in (b"data: a\r\n\r", b"\ndata: \xe4\xbd", b"\xa0\n", b"last"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async with serve(handler) as upstream:
        client = Client(open_guard())
        call = Call(method="POST", path="x", json={}, stream=True)
        got = [item async for item in client.stream(call, channel(upstream.url()), no_blob)]
        await client.close()

    assert isinstance(got[0], Reply)
    assert got[0].body == b""
    assert got[1:] == [Line("data: a"), Line(""), Line("data: 你"), Line("last"), Closed(clean=True)]


@pytest.mark.parametrize(
    ("handler", "limits"),
    [
        (cuts_a_chunked_body, Limits()),
        (drips_a_body, Limits(stream_s=0.3)),
        (sends_a_large_body, Limits(line_bytes=99)),
    ],
    ids=("cut", "endless", "long line"),
)
async def test_a_stream_that_is_cut_says_so(handler: Handler, limits: Limits) -> None:
    async with serve(handler) as upstream:
        client = Client(open_guard(), limits=limits)
        call = Call(method="POST", path="x", json={}, stream=True)
        got = [item async for item in client.stream(call, channel(upstream.url()), no_blob)]
        await client.close()

    assert isinstance(got[0], Reply)
    assert isinstance(got[-1], Closed)
    assert not got[-1].clean
    assert got[-1].reason


async def test_a_stream_that_never_begins_is_no_reply() -> None:
    client = Client(open_guard())
    call = Call(method="POST", path="x", json={}, stream=True)
    got = [item async for item in client.stream(call, channel(f"http://{HOME}:{_free_port()}"), no_blob)]
    blocked = [item async for item in client.stream(call, channel(f"http://{CANARY}"), no_blob)]
    await client.close()

    assert got == [NoReply(sent=False, reason="No connection could be made.")]
    assert isinstance(blocked[0], NoReply)
    assert blocked[0].blocked
