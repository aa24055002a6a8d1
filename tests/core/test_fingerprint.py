from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.fingerprint import fingerprint

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
fields = st.dictionaries(st.text(), values, max_size=6)


@given(fields)
def test_the_order_of_fields_does_not_count(given_fields: dict[str, object]):
    backwards = dict(reversed(given_fields.items()))

    assert fingerprint("create", given_fields) == fingerprint("create", backwards)


@given(fields, fields)
def test_different_fields_are_different_requests(one: dict[str, object], other: dict[str, object]):
    same = fingerprint("create", one) == fingerprint("create", other)

    assert same == (repr_of(one) == repr_of(other))


def repr_of(value: object) -> object:
    """A value with its types in sight: in Python `1 == True`, in JSON they differ."""
    match value:
        case dict():
            return {key: repr_of(inner) for key, inner in value.items()}
        case list():
            return [repr_of(inner) for inner in value]
        case _:
            return (type(value).__name__, value)


def test_the_operation_counts():
    assert fingerprint("create", {}) != fingerprint("remix", {})
