"""`reelgate demo`: the main job, end to end, as somebody else's code would do it.

A real server, the unmodified official OpenAI SDK, a real file at the end. Nothing here takes a short cut.
"""

# The SDK calls its video methods deprecated because one company's service ended; the shape lives on here.
# pyright: reportDeprecated=false

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.session import Session, json_option, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Video

    from reelgate.media.intake import Clip

FOLDER = Path("reelgate-demo")
MODEL, SECONDS, SIZE = "sora-2", "4", "720x1280"
PROMPT = "A small red sail crosses a still mountain lake at dusk; the camera drifts closer as the light fades"
START_S = 60
STOP_S = 30


@click.command(help=say("demo.help"))
@click.option("--port", type=click.IntRange(1, 65535), help=say("serve.port"))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="REELGATE_DATA",
    help=say("option.data"),
)
@json_option
@pass_session
def demo(session: Session, port: int | None, data: Path | None) -> None:
    """Make one clip and print where it is."""
    _need_sdk()
    data = (data or session.data or FOLDER).resolve()
    session.data = data
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    picture = data / "reference.png"
    _tell(session, say("demo.picture", path=picture))
    from reelgate.cli.picture import draw

    draw(picture)
    from reelgate.cli import local as here

    # Before the server: on a new folder this shows the administrator key, which the server would tell its log.
    key = asyncio.run(here.command_key(session.settings()))
    address = f"http://127.0.0.1:{port or _free_port()}"
    _tell(session, say("demo.server", address=address, data=data))
    clip = data / "demo.mp4"
    with _server(data, address):
        facts = _make(session, address, key, picture, clip)
        _tell(session, say("demo.stop"))
    if session.json:
        show.as_json(facts)
        return
    settings = session.settings()
    click.echo(say("demo.next", data=data, address=here.address_of(settings.host, settings.port)))
    click.echo(str(clip))


def _tell(session: Session, line: str) -> None:
    if not session.json:
        click.echo(line)


def _need_sdk() -> None:
    try:
        import openai  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise Trouble(say("demo.no_sdk"), next_step=say("demo.no_sdk.next")) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _server(data: Path, address: str) -> Generator[None]:
    """Run a server of our own for the length of the block; it has to come up, and to go down when asked."""
    port = address.rpartition(":")[2]
    command = [sys.executable, "-m", "reelgate.cli", "serve", "--host", "127.0.0.1", "--port", port]
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--data", str(data)], stdin=subprocess.DEVNULL, stdout=words, stderr=words
        )
        try:
            _wait_until_ready(process, data, words)
            yield
        finally:
            stopped = _stop(process)
        if not stopped:
            raise Trouble(say("demo.no_stop", seconds=STOP_S))


def _wait_until_ready(process: subprocess.Popen[bytes], data: Path, words: Any) -> None:
    from reelgate.cli import local as here

    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        server = asyncio.run(here.find_server(data))
        if server is not None and server.pid == process.pid:
            return
        time.sleep(0.1)
    words.seek(0)
    last = words.read().decode(errors="replace").strip().splitlines()[-15:]
    raise Trouble(say("demo.no_start", words="\n".join(last)), exit_code=Exit.UNREACHABLE)


def _stop(process: subprocess.Popen[bytes]) -> bool:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def _make(session: Session, address: str, key: str, picture: Path, clip: Path) -> dict[str, Any]:
    import openai

    version = openai.__version__
    _tell(session, say("demo.ask", version=version, model=MODEL, seconds=SECONDS, size=SIZE))
    _tell(session, say("demo.honest"))
    began = time.monotonic()
    with openai.OpenAI(api_key=key, base_url=f"{address}/v1") as client:
        try:
            video = _generate(client, session, picture)
            took = time.monotonic() - began
            _tell(session, say("demo.download"))
            client.videos.download_content(video.id).write_to_file(clip)
        except openai.OpenAIError as error:
            raise Trouble(say("demo.sdk", reason=error)) from error
    found = _check(clip)
    measures = {
        "width": found.width,
        "height": found.height,
        "seconds": found.seconds,
        "frames": found.frames,
    }
    kib = clip.stat().st_size // 1024
    _tell(session, say("demo.checked", **measures, kib=kib, took=took))
    return {
        "file": str(clip),
        "id": video.id,
        "model": video.model,
        "took_seconds": round(took, 2),
        **measures,
    }


def _generate(client: OpenAI, session: Session, picture: Path) -> Video:
    video = client.videos.create(
        model=MODEL, prompt=PROMPT, seconds=SECONDS, size=SIZE, input_reference=picture
    )
    with show.progress(quiet=session.json) as bar:
        while video.status in ("queued", "in_progress"):
            bar("   " + say(f"status.{video.status}"), video.progress if video.status != "queued" else None)
            time.sleep(0.3)
            video = client.videos.retrieve(video.id)
        bar("   " + say(f"status.{video.status}"), video.progress)
    if video.status != "completed" or video.error is not None:
        error = video.error
        reason = error.message if error else say("video.no_reason")
        raise Trouble(say("video.failed", id=video.id, message=reason), code=error.code if error else None)
    return video


def _check(clip: Path) -> Clip:
    """Open the file as a player would, and refuse anything but what was asked for."""
    from reelgate.media import intake

    found = asyncio.run(intake.probe(clip))
    width, _, height = SIZE.partition("x")
    if found.media_type != "video/mp4" or (found.width, found.height) != (int(width), int(height)):
        raise Trouble(say("demo.bad_clip", finding=f"{found.media_type} {found.width}x{found.height}"))
    if abs(found.seconds - int(SECONDS)) > 0.2 or not found.has_audio:
        raise Trouble(say("demo.bad_clip", finding=f"{found.seconds:.2f} s, audio: {found.has_audio}"))
    return found
