"""A whole Reelgate on a bucket: clips are made, served and led to, and the client's key goes nowhere else."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from openai import OpenAI

from reelgate.testing.s3 import SECRET_KEY, S3Server
from tests.cli.conftest import PATIENCE_S, Command
from tests.storage.proxy import proxy_to


def _address(reelgate: Command, process: subprocess.Popen[str]) -> str:
    noted = reelgate.data / "server.json"
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if noted.exists():
            return json.loads(noted.read_text())["url"]
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate()[1])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdk_downloads_through_a_redirect_and_keeps_its_key_to_itself(
    s3: S3Server, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    reelgate = Command(tmp_path / "data", tmp_path / "home")
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_to(s3.endpoint))
        storage = f"s3://{s3.bucket()}/clips?endpoint={proxy.endpoint}"
        env = {**s3.environment(), "REELGATE_STORAGE": storage, "REELGATE_DELIVERY": "redirect"}
        process = reelgate.start("serve", "--host", "127.0.0.1", "--port", "0", env=env)
        try:
            address = _address(reelgate, process)
            key = reelgate.process("keys", "create", "sdk", "--json", env=env).json()["key"]
            client = stack.enter_context(OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0))
            video = client.videos.create_and_poll(
                model="sora-2", prompt="A paper boat", seconds="4", poll_interval_ms=200
            )
            assert video.status == "completed", video.error
            proxy.seen.clear()

            clip = client.videos.download_content(video.id).read()

            fetched = [
                seen
                for seen in proxy.seen
                if seen.method == "GET" and "x-amz-signature" in seen.target.lower()
            ]
            assert len(fetched) == 1
            assert "authorization" not in fetched[0].headers
            assert all(key not in seen.headers + seen.target for seen in proxy.seen)
            assert clip[4:8] == b"ftyp"
            doctor = reelgate.process("doctor", "--invariants", env=env)
            assert doctor.code == 0, doctor.out + doctor.err
            check = reelgate.process("storage", "check", "--deep", "--json", env=env).json()
        finally:
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=PATIENCE_S)
    assert check["files"] >= 3
    assert (check["missing"], check["wrong"]) == ([], [])
    assert hashlib.sha256(clip).hexdigest() not in {p.name for p in reelgate.data.rglob("*")}
    assert SECRET_KEY not in log
    assert "X-Amz-Signature=" not in log.replace("X-Amz-Signature=[hidden]", "")
