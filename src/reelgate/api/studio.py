"""The studio: files built from `web/`, given out for every address that no surface answers.

A file is found in a list made at the start, so no address reaches anything else on this machine. Addresses of
the studio's own pages all get its one document, which reads the address itself.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response

BUILT: Final = Path(str(resources.files("reelgate"))) / "studio"
"""Where `make build` and `make start` put the built studio; a wheel carries it along."""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # The component library writes theme variables as style elements.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_GUARD: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_CHECK: Final = "no-cache"
_SURFACES: Final = frozenset(
    {
        "api",
        "v1",
        "v2",
        "sora",
        "ws",
        "callbacks",
        "assets",
        "health",
        "ready",
        "metrics",
        "openapi.json",
        "docs",
    }
)
"""First parts of addresses that programs use: a mistake there is told as one, never answered with a page."""

MISSING: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Reelgate</title>
<h1>Reelgate is running, but its studio is not built.</h1>
<p>The APIs work as they are. To have the studio here, run <code>make start</code> in the source folder: it builds
the studio first. Or run <code>.venv/bin/python -m tools.web build</code> and start again. An installed wheel
already holds it.</p>
"""


class Found(msgspec.Struct, frozen=True):
    """One file of the studio."""

    path: Path
    packed: Path | None
    """The same bytes under gzip, where the build made them."""
    media_type: str
    lasts: bool
    """Whether its name changes with its content."""


class Studio:
    """The built studio as it was at the start."""

    def __init__(self, folder: Path = BUILT) -> None:
        self._files = _listed(folder)

    def answer(self, request: Request) -> Response | None:
        """Give the file or page an address stands for; None when it is not the studio's to answer."""
        if request.method not in ("GET", "HEAD"):
            return None
        path = str(request.scope["path"]).lstrip("/")
        found = self._files.get(path)
        if found is not None and path != "index.html":
            return _file(found, request.headers.get("accept-encoding", ""))
        return self._page(request) if _is_page(path, request) else None

    def _page(self, request: Request) -> Response:
        index = self._files.get("index.html")
        if index is None:
            return Response(MISSING, 404, {"cache-control": "no-store", **_GUARD}, "text/html; charset=utf-8")
        return _file(index, request.headers.get("accept-encoding", ""))


def _listed(folder: Path) -> Mapping[str, Found]:
    if not folder.is_dir():
        return {}
    paths = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {
        name: Found(path, paths.get(f"{name}.gz"), _media_type(name), name.startswith("assets/"))
        for name, path in paths.items()
        if not name.endswith(".gz") and not any(part.startswith(".") for part in name.split("/"))
    }


def _media_type(name: str) -> str:
    if name.endswith(".webmanifest"):
        return "application/manifest+json"
    if name.endswith((".js", ".mjs")):
        return "text/javascript; charset=utf-8"
    found = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def _is_page(path: str, request: Request) -> bool:
    """Tell whether a person's browser asks for one of the studio's pages."""
    if path.partition("/")[0] in _SURFACES:
        return False
    return not path or "text/html" in request.headers.get("accept", "")


def _file(found: Found, accepted: str) -> Response:
    headers = {**_GUARD, "cache-control": _FOREVER if found.lasts else _CHECK, "vary": "accept-encoding"}
    path = found.path
    if found.packed is not None and "gzip" in accepted:
        path = found.packed
        headers["content-encoding"] = "gzip"
    return FileResponse(path, headers=headers, media_type=found.media_type)
