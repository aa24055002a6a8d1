"""The process around a gateway: listening, signals, and an orderly end."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec
import uvicorn
import uvloop
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from reelgate import __version__
from reelgate.app import PARTS, Gateway, Parts, open_gateway
from reelgate.settings import Settings
from reelgate.telemetry import configure, log
from reelgate.telemetry.traces import traced

SOCKET_MESSAGE_MAX = 64 * 1024
"""Longest message of a WebSocket client, in bytes."""
SOCKET_PING_S = 30.0
"""How often a WebSocket client is asked for a sign of life, and how long it may take to answer."""


def serve(settings: Settings, announce: Callable[[Gateway, str], None], parts: Parts = PARTS) -> None:
    """Serve what the process's role says until a signal says stop; drains and exits within 25 s.

    `announce` is called once with the gateway and its address when it is ready. `parts` are for tests.
    """
    with _watched(settings):
        _open_files_freely()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, announce, parts))


@contextmanager
def _watched(settings: Settings) -> Generator[None]:
    """Log and trace as the settings say until the block ends."""
    configure(
        settings.log_format, settings.log_level, requests=settings.log_requests, prompts=settings.log_prompts
    )
    with traced(settings.traces, settings.traces_share, __version__):
        yield


def _open_files_freely() -> None:
    """Let this process hold as many connections as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: Settings, announce: Callable[[Gateway, str], None], parts: Parts) -> None:
    async with open_gateway(settings, parts=parts) as gateway:
        config = uvicorn.Config(
            gateway.application(),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws=_Socket,
            # A message of a client is a few words; deflate would cost memory for every client.
            ws_max_size=SOCKET_MESSAGE_MAX,
            ws_per_message_deflate=False,
            ws_ping_interval=SOCKET_PING_S,
            ws_ping_timeout=SOCKET_PING_S,
            timeout_graceful_shutdown=3,
            server_header=False,
            date_header=True,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
        )
        server = _Server(config, gateway)
        serving = asyncio.create_task(server.serve())
        listening = asyncio.create_task(server.listening.wait())
        await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if server.listening.is_set():
            with _noted(settings, server.servers[0].sockets[0].getsockname()[1]) as address:
                announce(gateway, address)
                await serving
        await serving


class _Socket(WebSocketsSansIOProtocol):
    """Lets go of a client that takes nothing: what waits for it would otherwise be kept until it does."""

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()


class _Server(uvicorn.Server):
    """Says when it listens, and ends live readers before it waits for open connections."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._gateway = gateway

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # The server's own way raises the signal again when it has closed, which would end the
        # process before the engine has drained.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        log.info("stopping", signal=signal.Signals(sig).name)
        self._gateway.ctx.hub.close()
        super().handle_exit(sig, frame)


@contextmanager
def _noted(settings: Settings, port: int) -> Generator[str]:
    """Keep `server.json` in the data folder while the server runs, so that the command line finds it."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if settings.role == "worker":
        yield address
        return
    path = settings.data / "server.json"
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode({"url": address, "pid": os.getpid()}))
    part.replace(path)
    try:
        yield address
    finally:
        _forget(path)


def _forget(path: Path) -> None:
    """Remove the note unless another server on the same folder has written its own since."""
    try:
        mine = msgspec.json.decode(path.read_bytes())["pid"] == os.getpid()
    except (OSError, ValueError, KeyError, TypeError):
        return
    if mine:
        path.unlink(missing_ok=True)


def run_worker(settings: Settings) -> None:
    """Move tasks without serving, until a signal says stop; answers probes on a port of its own if it has one."""
    if settings.worker_port is not None:
        here = settings.model_copy(update={"port": settings.worker_port})
        serve(here, lambda _, address: log.info("working", data=str(settings.data), probes=address))
        return

    async def work() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with open_gateway(settings):
            log.info("working", data=str(settings.data))
            await stop.wait()

    with _watched(settings), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
