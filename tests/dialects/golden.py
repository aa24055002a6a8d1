"""The given recorded answers of a dialect."""

from __future__ import annotations

import json
from typing import Any

from tests.dialects.samples import HERE

ALL: list[dict[str, Any]] = json.loads((HERE.parent / "contracts" / "vectors.json").read_text("utf-8"))


def vectors_of(*dialects: str) -> list[dict[str, Any]]:
    """Give the recorded answers of a dialect under its names."""
    found = [vector for vector in ALL if vector["dialect"] in dialects]
    assert found, f"no recorded answers of {dialects}"
    return found
