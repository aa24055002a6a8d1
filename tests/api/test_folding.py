from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.api.fields import FilePart
from reelgate.api.folding import fold, segments
from reelgate.core.errors import CallerError


def file(name: str) -> FilePart:
    return FilePart(path=Path(name), filename=name, media_type="", bytes=1)


@pytest.mark.parametrize(
    ("parts", "tree"),
    [
        ([("a", "1"), ("b", "2")], {"a": "1", "b": "2"}),
        ([("video[id]", "v")], {"video": {"id": "v"}}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("c[][id]", "1"), ("c[][id]", "2")], {"c": [{"id": "1"}, {"id": "2"}]}),
        (
            [("c[][id]", "1"), ("c[][n]", "x"), ("c[][id]", "2"), ("c[][n]", "y")],
            {"c": [{"id": "1", "n": "x"}, {"id": "2", "n": "y"}]},
        ),
        (
            [("c[][a][b]", "1"), ("c[][a][d]", "2"), ("c[][a][b]", "3")],
            {"c": [{"a": {"b": "1", "d": "2"}}, {"a": {"b": "3"}}]},
        ),
        ([("f[a][]", "1"), ("f[a][]", "2"), ("f[b]", "3")], {"f": {"a": ["1", "2"], "b": "3"}}),
        ([("c[][t][]", "1"), ("c[][t][]", "2")], {"c": [{"t": ["1", "2"]}]}),
        ([("c[1][id]", "2"), ("c[0][id]", "1")], {"c": [{"id": "1"}, {"id": "2"}]}),
        ([("a[b", "1"), ("a]b", "2"), ("[a]", "3")], {"a[b": "1", "a]b": "2", "[a]": "3"}),
        ([("a[1][2][3][4][5][6]", "x")], {"a[1][2][3][4][5][6]": "x"}),
        ([("p", file("1")), ("p", file("2"))], {"p": [file("1"), file("2")]}),
        ([("p[]", file("1"))], {"p": [file("1")]}),
    ],
)
def test_bracketed_names_become_the_tree_they_stand_for(parts: list[tuple[str, Any]], tree: dict[str, Any]):
    assert fold(parts) == tree


@pytest.mark.parametrize(
    "parts",
    [
        [("a", "1"), ("a", "2")],
        [("a", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a", "2")],
        [("a[]", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a[]", "2")],
        [("a[b]", "1"), ("a[b]", "2")],
        [("a[][]", "1")],
    ],
)
def test_parts_that_contradict_each_other_are_refused_by_name(parts: list[tuple[str, Any]]):
    with pytest.raises(CallerError) as refused:
        fold(parts)

    assert refused.value.failure.param == "a"


leaves = st.text(max_size=4)
keys = st.text(alphabet="abc", min_size=1, max_size=2)
trees = st.dictionaries(
    keys,
    leaves | st.lists(leaves, min_size=1, max_size=3) | st.dictionaries(keys, leaves, min_size=1, max_size=3),
    max_size=4,
)


def flat(tree: dict[str, Any]) -> list[tuple[str, str]]:
    """Write a tree as SDKs do."""
    parts: list[tuple[str, str]] = []
    for name, value in tree.items():
        match value:
            case dict():
                parts += [(f"{name}[{key}]", inner) for key, inner in value.items()]
            case list():
                parts += [(f"{name}[]", item) for item in value]
            case _:
                parts.append((name, value))
    return parts


@given(trees)
def test_what_an_sdk_flattens_is_folded_back(tree: dict[str, Any]):
    assert fold(flat(tree)) == tree


@given(st.lists(st.tuples(st.text(alphabet="ab[]0", max_size=12), st.just("v")), max_size=8))
def test_no_name_breaks_the_folding(parts: list[tuple[str, str]]):
    heads = {segments(name)[0] for name, _ in parts}

    assert outcome(parts) <= heads


def outcome(parts: list[tuple[str, str]]) -> set[str | None]:
    """The names that folding gives, or the one it refuses."""
    try:
        return set(fold(parts))
    except CallerError as refused:
        return {refused.failure.param}
