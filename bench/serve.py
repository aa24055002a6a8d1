"""`reelgate serve` that writes its metrics to a file when it is sent SIGUSR1. Nothing else differs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest

from reelgate.server import serve
from reelgate.settings import load
from reelgate.telemetry import meter


def main() -> None:
    """Serve the data folder in the first argument on the port in the second."""
    data, port, metrics = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])

    def write(_number: int, _frame: Any) -> None:
        part = metrics.with_suffix(".part")
        part.write_bytes(generate_latest(meter.registry))
        part.replace(metrics)

    signal.signal(signal.SIGUSR1, write)
    serve(load(data, {"port": port}), lambda _gateway, _address: None)


if __name__ == "__main__":
    main()
