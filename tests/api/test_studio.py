"""The studio is given out beside the APIs, and never instead of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from reelgate.api.studio import POLICY, Studio

PAGE = b"<!doctype html><title>studio</title>"
SCRIPT = b"console.log(1)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "studio"
    (built / "assets").mkdir(parents=True)
    (built / ".vite").mkdir()
    (built / "index.html").write_bytes(PAGE)
    (built / "assets" / "app-1a2b.js").write_bytes(SCRIPT)
    (built / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (built / "studio.webmanifest").write_text("{}")
    (tmp_path / "secret.txt").write_text("no")
    return built


def asked(path: str, *, method: str = "GET", accept: str = "text/html", encoding: str = "") -> Request:
    headers = [(b"accept", accept.encode()), (b"accept-encoding", encoding.encode())]
    return Request({"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""})


def got(studio: Studio, request: Request) -> Response:
    found = studio.answer(request)
    assert found is not None
    return found


@pytest.mark.parametrize("path", ["/", "/queue", "/videos/video_123", "/setup", "/login"])
def test_every_page_of_the_studio_is_its_one_document(folder: Path, path: str):
    answer = got(Studio(folder), asked(path))

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


def test_a_script_is_kept_for_ever_and_sent_packed(folder: Path):
    studio = Studio(folder)

    plain = got(studio, asked("/assets/app-1a2b.js", accept="*/*"))
    packed = got(studio, asked("/assets/app-1a2b.js", accept="*/*", encoding="br, gzip"))

    assert plain.headers["content-type"].startswith("text/javascript")
    assert "immutable" in plain.headers["cache-control"]
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"


def test_no_page_runs_a_script_that_is_not_ours(folder: Path):
    answer = got(Studio(folder), asked("/"))

    assert answer.headers["content-security-policy"] == POLICY
    assert "script-src 'self';" in POLICY
    assert "unsafe-eval" not in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/v1/nothing", "/api/nothing", "/v2/x", "/assets/gone.js", "/openapi.json", "/callbacks/x", "/health"],
)
def test_a_program_that_mistypes_an_address_is_told_so(folder: Path, path: str):
    assert Studio(folder).answer(asked(path)) is None


def test_only_browsers_are_given_pages(folder: Path):
    studio = Studio(folder)

    assert studio.answer(asked("/queue", accept="application/json")) is None
    assert studio.answer(asked("/queue", method="POST")) is None


@pytest.mark.parametrize("path", ["/../secret.txt", "/assets/../../secret.txt", "/.vite", "//etc/passwd"])
def test_no_address_leaves_the_folder(folder: Path, path: str):
    answer = Studio(folder).answer(asked(path, accept="*/*"))

    assert answer is None


def test_what_the_build_keeps_for_itself_is_not_served(folder: Path):
    (folder / ".built-1").touch()
    (folder / ".vite" / "manifest.json").write_text("{}")

    assert Studio(folder).answer(asked("/.built-1", accept="*/*")) is None
    assert Studio(folder).answer(asked("/.vite/manifest.json", accept="*/*")) is None


def test_without_a_built_studio_the_first_page_says_how_to_build_it(tmp_path: Path):
    answer = got(Studio(tmp_path / "none"), asked("/"))

    assert answer.status_code == 404
    assert b"make start" in bytes(answer.body)
