"""The catalogue: one sentence per key in both languages, and no key without a sentence."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest

import reelgate.cli
from reelgate.cli.main import COMMANDS
from reelgate.cli.words import WORDS, language
from reelgate.cli.words.advice import ADVICE_ZH
from reelgate.core.errors import Charge, Code, Side

SOURCES = sorted(Path(reelgate.cli.__path__[0]).glob("*.py"))


def _fields(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_say_something_and_use_the_same_values(key: str) -> None:
    english, chinese = WORDS[key]
    assert english
    assert chinese
    assert _fields(english) == _fields(chinese)


def _branches(node: ast.expr) -> list[ast.expr]:
    return [*_branches(node.body), *_branches(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def _said() -> tuple[set[str], set[str]]:
    """Give the keys that are asked for literally, and the beginnings of those that are composed."""
    whole: set[str] = set()
    begun: set[str] = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"):
                continue
            for leaf in _branches(node.args[0]):
                if isinstance(leaf, ast.Constant):
                    whole.add(str(leaf.value))
                    continue
                assert isinstance(leaf, ast.JoinedStr), source
                assert isinstance(leaf.values[0], ast.Constant), source
                begun.add(str(leaf.values[0].value))
    return whole, begun


def test_every_sentence_asked_for_exists_and_every_sentence_is_asked_for() -> None:
    whole, begun = _said()
    assert whole - set(WORDS) == set()
    assert {key for key in WORDS if key not in whole and not key.startswith(tuple(begun))} == set()


def test_every_composed_key_exists() -> None:
    composed = [f"command.{name}" for name in COMMANDS]
    composed += [f"side.{side}" for side in Side if side is not Side.NOBODY]
    composed += [f"charge.{charge}" for charge in Charge]
    composed += [f"status.{word}" for word in ("queued", "in_progress", "completed", "failed")]
    assert [key for key in composed if key not in WORDS] == []


def test_there_is_chinese_advice_for_every_error_code() -> None:
    assert set(ADVICE_ZH) == {code.value for code in Code}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "C", "REELGATE_LANG": "zh-CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "REELGATE_LANG": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_follows_the_first_variable_that_is_set(environ: dict[str, str], expected: str) -> None:
    assert language(environ) == expected
