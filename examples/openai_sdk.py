"""Makes a clip through the official OpenAI SDK: only the base address differs from code written for OpenAI.

OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=rg_… python examples/openai_sdk.py clip.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

from openai import OpenAI


def main(target: Path) -> None:
    """Ask, wait, download."""
    client = OpenAI()
    video = client.videos.create_and_poll(
        model="sora-2", prompt="A paper boat on a lake at dusk", seconds="4", size="720x1280"
    )
    if video.status != "completed":
        sys.exit(f"{video.id} {video.status}: {video.error and video.error.message}")
    client.videos.download_content(video.id).write_to_file(target)
    sys.stdout.write(f"{target.resolve()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "clip.mp4"))
