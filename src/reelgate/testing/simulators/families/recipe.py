"""A relay nobody wrote code for: Juxin's unified format again, spoken through the recipe that ships as a sample."""

from __future__ import annotations

from importlib import resources
from typing import Final

from msgspec.structs import replace

from reelgate.testing.simulators.families.juxin import FAMILIES as JUXIN
from reelgate.testing.simulators.families.zhenzhen import FAMILIES as ZHENZHEN

_SAMPLES: Final = resources.files("reelgate.dialects.recipe").joinpath("samples")
_JUXIN: Final = _SAMPLES.joinpath("juxin.toml")
_ZHENZHEN: Final = _SAMPLES.joinpath("zhenzhen.toml")

FAMILIES: Final = (
    replace(
        JUXIN[0],
        dialect="recipe",
        title="A relay described by a recipe (Juxin's unified format)",
        settings={"recipe": _JUXIN.read_text(encoding="utf-8")},
        hints={"recipe": f"@{_JUXIN}"},
    ),
)
OTHER_SAMPLE: Final = replace(
    ZHENZHEN[0],
    dialect="recipe",
    title="A relay described by a recipe (Zhenzhen's v2)",
    model="wan-2.6",
    settings={"recipe": _ZHENZHEN.read_text(encoding="utf-8")},
    hints={"recipe": f"@{_ZHENZHEN}"},
)
"""The other sample that ships; one simulator stands for each dialect, so this one is for tests."""
