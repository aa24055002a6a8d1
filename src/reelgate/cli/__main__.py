"""Runs the command as `python -m reelgate.cli`."""

from __future__ import annotations

from reelgate.cli.main import main

main()
