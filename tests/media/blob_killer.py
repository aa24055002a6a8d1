"""Puts one blob and kills itself at the named point. Run as a script: root, point, file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from reelgate.media.blobs import BlobStore


def main(root: str, point: str, file: str) -> None:
    def strike(at: str) -> None:
        if at == point:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(BlobStore(Path(root), about_to=strike).put_file(Path(file), "video/mp4"))


if __name__ == "__main__":
    main(*sys.argv[1:])
