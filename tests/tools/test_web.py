"""Which Node.js the studio is built with: a new enough one of the machine, else one from PyPI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.web import find_node


def machine(folder: Path, version: str) -> str:
    """Make a folder of programs with a Node.js that says it is of this version."""
    folder.mkdir()
    for name in ("node", "npm"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("version", ["v20.19.0", "v22.1.0", "v26.0.0"])
def test_a_machine_whose_nodejs_is_new_enough_builds_with_that(tmp_path: Path, version: str):
    path = machine(tmp_path / "bin", version)

    found = find_node(own=lambda: None, path=path, fetch=lambda: pytest.fail("nothing is to be fetched"))

    assert found == tmp_path / "bin" / "node"


@pytest.mark.parametrize("version", [None, "v20.18.9", "v18.20.4", "nonsense"])
def test_a_machine_without_a_new_enough_one_fetches_it(tmp_path: Path, version: str | None):
    path = machine(tmp_path / "bin", version) if version else str(tmp_path / "nowhere")
    fetched: list[Path] = []

    found = find_node(
        own=lambda: fetched[0] if fetched else None,
        path=path,
        fetch=lambda: fetched.append(tmp_path / "fetched"),
    )

    assert found == tmp_path / "fetched"


def test_one_that_is_installed_beside_python_is_taken_first(tmp_path: Path):
    path = machine(tmp_path / "bin", "v26.0.0")

    assert find_node(own=lambda: tmp_path / "ours", path=path) == tmp_path / "ours"
