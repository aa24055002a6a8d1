"""A channel's models and what its upstream lists are compared by what both say."""

from __future__ import annotations

from msgspec.structs import replace

from reelgate.core.catalogue import Kind, compare
from reelgate.core.dialect import CatalogueModel
from reelgate.core.money import Micro
from reelgate.core.profile import Profile

OURS = Profile(
    name="up-1", title="One", provider="t", seconds=(4, 8), price_per_second=Micro(100_000), sunset=None
)


def found(*listed: CatalogueModel, named: bool = True) -> list[tuple[Kind, str, str, str, str]]:
    differences = compare({"one": "up-1"}, {"one": OURS}, listed, lambda _: named)
    return [(d.kind, d.model, d.what, d.here, d.there) for d in differences]


def test_models_that_are_gone_and_new_are_named():
    assert found(CatalogueModel(name="up-2")) == [
        (Kind.GONE, "one", "", "", ""),
        (Kind.NEW, "up-2", "", "", ""),
    ]
    assert found(CatalogueModel(name="up-1")) == []


def test_another_price_length_and_end_are_told():
    theirs = replace(
        OURS, price_per_second=Micro(250_000), seconds=(4, 8, 12), audio=True, sunset="2027-01-01"
    )

    assert found(CatalogueModel(name="up-1", profile=theirs)) == [
        (Kind.PRICE, "one", "price_per_second", "0.10", "0.25"),
        (Kind.ABILITY, "one", "seconds", "4, 8", "4, 8, 12"),
        (Kind.ABILITY, "one", "audio", "false", "true"),
        (Kind.SUNSET, "one", "sunset", "none", "2027-01-01"),
    ]


def test_a_list_that_says_nothing_of_a_fact_contradicts_nothing():
    silent = replace(OURS, price_per_second=Micro(0), seconds=())

    assert found(CatalogueModel(name="up-1", profile=silent)) == []


def test_what_is_only_known_in_general_is_not_compared():
    assert found(CatalogueModel(name="up-1", profile=replace(OURS, seconds=(30,))), named=False) == []
