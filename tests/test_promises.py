"""The page of promises names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_promise_names_tests_that_exist() -> None:
    page = (ROOT / "docs/concepts/promises.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and "Shown by" not in line][1:]

    assert len(rows) >= 10
    for row in rows:
        named = NAMED.findall(row)
        assert named, row
        for path, name in named:
            assert re.search(rf"^(async )?def {name}\b", (ROOT / path).read_text(), re.MULTILINE), name
