"""The nginx samples in front of a real server: events at once, ranges, large uploads, upgrades, and nothing twice."""

from __future__ import annotations

import http.client
import io
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from tests.cli.conftest import PATIENCE_S, Command
from tests.deploy.conftest import DEPLOY

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
MISSING = "nginx is not installed; `make test-full` installs it where it may"

Ports = tuple[int, int]


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Message
    body: bytes


def sent(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
) -> Answer:
    connection.request(method, path, body, headers)
    with connection.getresponse() as answer:
        return Answer(answer.status, answer.headers, answer.read())


def plain(port: int) -> AbstractContextManager[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S))


@dataclass(frozen=True)
class Site:
    """Reelgate behind nginx."""

    port: int
    secure: int
    key: str

    @contextmanager
    def open(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """Ask for something and read the answer while it comes."""
        with plain(self.port) as connection:
            connection.request("GET", path, headers=self._headers({}))
            with connection.getresponse() as answer:
                yield answer

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request through nginx and give the whole answer."""
        with plain(self.port) as connection:
            return sent(connection, method, path, body, self._headers(headers))

    def _headers(self, given: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", **{k.replace("_", "-"): v for k, v in given.items()}}

    def create(self) -> str:
        """Ask for a clip and give its id."""
        body = json.dumps({"model": "animatic-1", "prompt": "a boat", "seconds": "4"}).encode()
        return json.loads(self.ask("POST", "/v1/videos", body, Content_Type="application/json").body)["id"]

    def status(self, video: str) -> str:
        """Ask how a clip stands."""
        return json.loads(self.ask("GET", f"/v1/videos/{video}").body)["status"]


def until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def certify(folder: Path) -> None:
    """Make a certificate for this run."""
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made += [
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-keyout",
        f"{folder}/key.pem",
        "-out",
        f"{folder}/cert.pem",
    ]
    subprocess.run(made, check=True, capture_output=True)


def installed(folder: Path, upstream: str, ports: Ports) -> Path:
    """Lay the samples out as they would be installed, in a folder and on ports of ours."""
    shutil.copy(DEPLOY / "nginx" / "pass.conf", folder / "reelgate-pass.conf")
    text = (DEPLOY / "nginx" / "reelgate.conf").read_text(encoding="utf-8")
    for old, new in (
        (r"server 127\.0\.0\.1:8080;", f"server {upstream};"),
        (r"listen \[::\]:.*\n", "\n"),
        # The server that only redirects, then the one with TLS, which plain sockets are to reach here as well.
        (r"listen 80;", f"listen unix:{folder}/redirect.sock;"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{ports[1]} ssl; listen 127.0.0.1:{ports[0]};"),
        (r"/etc/nginx/", f"{folder}/"),
        (r"/etc/letsencrypt/live/video\.example\.org/fullchain\.pem", f"{folder}/cert.pem"),
        (r"/etc/letsencrypt/live/video\.example\.org/privkey\.pem", f"{folder}/key.pem"),
    ):
        text, changed = re.subn(old, new, text)
        assert changed, old
    (folder / "site.conf").write_text(text, encoding="utf-8")
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    kept = "".join(f"{place}_temp_path {folder}/{place};" for place in places)
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off; {kept} include {folder}/site.conf; }}\n",
        encoding="utf-8",
    )
    return main


@contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[Ports]:
    """Run nginx with the samples and give its ports, the plain one and the one with TLS."""
    if NGINX is None:
        pytest.skip(MISSING)
    ports = free_port(), free_port()
    certify(folder)
    main = installed(folder, upstream, ports)
    checked = subprocess.run([NGINX, "-t", "-c", main], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([NGINX, "-c", main])
    try:
        assert until(lambda: answers(ports[0]))
        yield ports
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Reelgate behind nginx, with a key."""
    folder = tmp_path_factory.mktemp("nginx")
    reelgate = Command(folder / "data", folder)
    key = reelgate.process("keys", "create", "site", "--json").json()["key"]
    with reelgate.serving() as address, nginx(folder, address.removeprefix("http://")) as ports:
        yield Site(*ports, key)


def test_events_pass_the_moment_they_happen(site: Site) -> None:
    with site.open("/api/events") as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")

        video = site.create()

        # A buffer would keep these few hundred bytes until the stream ends, which it never does by itself.
        while video not in (line := stream.readline().decode()):
            assert line


def test_a_range_of_a_clip_is_a_range(site: Site) -> None:
    video = site.create()
    assert until(lambda: site.status(video) == "completed")
    path = f"/v1/videos/{video}/content"
    whole = site.ask("GET", path)
    size = len(whole.body)

    part = site.ask("GET", path, Range="bytes=100-199")
    stale = site.ask("GET", path, Range="bytes=100-199", If_Range='"other"')
    beyond = site.ask("GET", path, Range=f"bytes={size}-")

    assert (part.status, part.headers["content-range"]) == (206, f"bytes 100-199/{size}")
    assert part.body == whole.body[100:200]
    assert (stale.status, stale.body) == (200, whole.body)
    assert beyond.status == 416
    assert part.headers["etag"] == whole.headers["etag"]


def test_an_upload_far_over_the_usual_megabyte_passes(site: Site) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1800, 1800), 90).save(noise, "PNG")
    assert len(noise.getvalue()) > 2 * 1024 * 1024
    fields = {"model": "animatic-1", "prompt": "a boat", "seconds": "4"}
    parts = [f'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}'.encode() for k, v in fields.items()]
    picture = (
        b'Content-Disposition: form-data; name="input_reference"; filename="a.png"\r\nContent-Type: image/png'
    )
    parts.append(picture + b"\r\n\r\n" + noise.getvalue())
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"

    answer = site.ask("POST", "/v1/videos", body, Content_Type="multipart/form-data; boundary=edge")

    assert answer.status == 200, answer.body


def test_figures_for_prometheus_are_not_for_the_world(site: Site) -> None:
    assert site.ask("GET", "/metrics").status == 404
    assert site.ask("GET", "/health").status == 200


def test_the_same_is_there_with_tls(site: Site) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(
        http.client.HTTPSConnection("127.0.0.1", site.secure, timeout=PATIENCE_S, context=context)
    ) as connection:
        answer = sent(connection, "GET", "/health", None, {})
    assert answer.status == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


class Backend(Thread):
    """A server that answers every request with the same bytes, or hangs up after reading it."""

    def __init__(self, answer: bytes | None) -> None:
        super().__init__(daemon=True)
        self.heard: list[bytes] = []
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"

    def run(self) -> None:
        """Serve until it is closed."""
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            with taken:
                self.heard.append(taken.recv(65536))
                if self._answer:
                    taken.sendall(self._answer)
                    self.heard.append(taken.recv(65536))

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


Put = Callable[..., AbstractContextManager[Ports]]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Put]:
    """Put nginx in front of servers whose answers are known to the byte."""
    made: list[Backend] = []

    def put(*backends: Backend) -> AbstractContextManager[Ports]:
        made.extend(backends)
        for one in backends:
            one.start()
        return nginx(tmp_path, "; server ".join(one.address for one in backends))

    yield put
    for one in made:
        one.close()
        one.join(PATIENCE_S)


def test_an_upgrade_to_a_websocket_passes_both_ways(behind: Put) -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello"
    backend = Backend(answer)
    with behind(backend) as (port, _), socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        client.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        got = b""
        while not got.endswith(b"hello"):
            more = client.recv(4096)
            assert more, got
            got += more
        client.sendall(b"frame")
        assert until(lambda: b"frame" in backend.heard)

    assert got.startswith(b"HTTP/1.1 101")
    assert b"upgrade: websocket" in backend.heard[0].lower()
    assert b"connection: upgrade" in backend.heard[0].lower()


def post(port: int) -> int:
    with plain(port) as connection:
        return sent(connection, "POST", "/v1/videos", b'{"prompt": "once"}', {}).status


def test_a_create_that_may_have_arrived_is_not_sent_to_another_process(behind: Put) -> None:
    deaf = [Backend(None), Backend(None)]
    with behind(*deaf) as (port, _):
        assert post(port) == 502

    assert len(deaf[0].heard) + len(deaf[1].heard) == 1


def test_a_process_that_is_gone_is_passed_over(behind: Put) -> None:
    there = Backend(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    gone = Backend(None)
    with behind(there, gone) as (port, _):
        gone.close()
        assert [post(port) for _ in range(4)] == [200] * 4
