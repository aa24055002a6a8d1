"""What every scenario is handed: a folder, how long to measure, and somebody to tell."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import PYTHON, Process, free_port


@dataclass(frozen=True)
class Bench:
    """One run."""

    folder: Path
    quick: bool
    say: Callable[[str], None]
    """Shows what is being done now."""
    advance: Callable[[float], None]
    """Shows how much of it is done, from 0 to 1."""

    @property
    def seconds(self) -> float:
        """How long a load lasts."""
        return 3.0 if self.quick else 12.0

    @property
    def warm_s(self) -> float:
        """How long a load lasts before it counts."""
        return 1.0 if self.quick else 3.0

    def sized(self, whole: int) -> int:
        """Give a size: a tenth of it in a quick run."""
        return whole // 10 if self.quick else whole

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """Give an empty folder on the disk that is measured; it is gone after the block unless that broke."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def bare(self, module: str, argument: Path, folder: Path) -> Iterator[str]:
        """Run one of the bare servers and give its address."""
        port = free_port()
        process = Process(
            [PYTHON, "-m", f"bench.{module}", str(port), str(argument)], log=folder / f"{module}.log"
        )
        try:
            process.wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stop()
