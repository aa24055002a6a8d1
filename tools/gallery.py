"""Writes `docs/gallery`: every page and state of the studio as Chromium draws it. `python -m tools.gallery`.

Pictures are WebP of a few kilobytes, small enough to be kept with the source.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from PIL import Image

from tools import web

ROOT = Path(__file__).parent.parent
GALLERY = ROOT / "docs" / "gallery"
MOST_BYTES: Final = 4_000_000
_QUALITY: Final = 68
_WIDTH: Final = 1_200
"""Pixels a wide picture is brought down to; what stands on it can still be read."""
_LOOKS: Final = {
    "en-dark": "English, dark",
    "zh-light": "Chinese, light",
    "en-phone": "English, phone",
    "zh-phone": "Chinese, phone",
}
Picture = Mapping[str, str]


def main() -> int:
    """Build the studio, have every picture taken, and write the folder anew; 1 when it grew too large."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Stopped: there is no Chromium here; `make setup-chromium` installs it.")
    web.install()
    web.build()
    with tempfile.TemporaryDirectory() as taken:
        command: list[str | Path] = [web.find_node(), web.WEB / "e2e" / "gallery.mjs", taken]
        told = web.environment(CHROMIUM=chromium, PYTHON=sys.executable)
        print("==> Taking the pictures, some minutes", flush=True)
        if subprocess.run(command, cwd=ROOT, env=told, check=False).returncode != 0:
            return 1
        pictures: list[Picture] = json.loads(Path(taken, "pictures.json").read_text("utf-8"))
        shutil.rmtree(GALLERY, ignore_errors=True)
        GALLERY.mkdir(parents=True)
        for picture in pictures:
            _pack(Path(taken, picture["file"]))
    GALLERY.joinpath("README.md").write_text(page(pictures), "utf-8")
    weight = sum(path.stat().st_size for path in GALLERY.iterdir())
    print(f"{len(pictures)} pictures, {weight / 1e6:.1f} MB in {GALLERY.relative_to(ROOT)}")
    return 0 if weight <= MOST_BYTES else 1


def _pack(path: Path) -> None:
    with Image.open(path) as drawn:
        picture = drawn.convert("RGB")
        if picture.width > _WIDTH:
            picture = picture.resize((_WIDTH, round(picture.height * _WIDTH / picture.width)))
        picture.save(GALLERY / f"{path.stem}.webp", quality=_QUALITY, method=6)


def page(pictures: Sequence[Picture]) -> str:
    """Write the page that shows them, state by state."""
    lines = [
        "# The studio in pictures",
        "",
        "Made by `make gallery` in real Chromium against a real server; do not edit.",
    ]
    for group, members in groupby(sorted(pictures, key=_order(pictures)), key=lambda one: one["group"]):
        lines += ["", f"## {group}"]
        for name, looks in groupby(members, key=lambda one: one["name"]):
            lines += ["", f"### {name.replace('-', ' ').capitalize()}", ""]
            lines += [
                f'<img src="{Path(one["file"]).stem}.webp" width="{180 if "phone" in one["look"] else 420}"'
                f' alt="{name}, {_LOOKS[one["look"]]}">'
                for one in looks
            ]
    return "\n".join(lines) + "\n"


def _order(pictures: Sequence[Picture]):
    groups = list(dict.fromkeys(one["group"] for one in pictures))
    names = list(dict.fromkeys(one["name"] for one in pictures))
    looks = list(_LOOKS)

    def place(one: Picture) -> tuple[int, int, int]:
        return groups.index(one["group"]), names.index(one["name"]), looks.index(one["look"])

    return place


if __name__ == "__main__":
    sys.exit(main())
