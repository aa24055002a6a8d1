"""The least a download can be: Starlette's `FileResponse` for one file, whoever asks."""

from __future__ import annotations

import sys
from typing import Any

from starlette.responses import FileResponse

from bench.plain import run


class App:
    """One file."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        await FileResponse(self._path, media_type="video/mp4")(scope, receive, send)


if __name__ == "__main__":
    run(App(sys.argv[2]), int(sys.argv[1]))
