"""How what a channel serves compares with what its upstream says it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from reelgate.core.dialect import CatalogueModel
from reelgate.core.money import Micro, show
from reelgate.core.profile import Profile, Span


class Kind(StrEnum):
    """What differs."""

    GONE = "gone"
    """The channel serves it and the upstream does not list it."""
    NEW = "new"
    """The upstream lists it and the channel does not serve it."""
    PRICE = "price"
    """The upstream names another price."""
    ABILITY = "ability"
    """The upstream says that the model can do something else."""
    SUNSET = "sunset"
    """The upstream names another last day."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a channel and its upstream's list differ."""

    kind: Kind
    model: str
    """The public name, or the upstream's name for a new one."""
    upstream_model: str
    what: str = ""
    """The field that differs."""
    here: str = ""
    there: str = ""


def compare(
    served: Mapping[str, str],
    known: Mapping[str, Profile | None],
    listed: Sequence[CatalogueModel],
    named: Callable[[str], bool],
) -> Iterator[Difference]:
    """Compare a channel's models, public to upstream name, with its upstream's list.

    Facts are compared where a profile file has `named` the model, for a general profile says little.
    """
    there = {model.name: model for model in listed}
    for public, upstream in served.items():
        found, profile = there.get(upstream), known.get(public)
        if found is None:
            yield Difference(kind=Kind.GONE, model=public, upstream_model=upstream)
        elif found.profile is not None and profile is not None and named(upstream):
            for kind, what, ours, theirs in _facts(profile, found.profile):
                yield Difference(
                    kind=kind, model=public, upstream_model=upstream, what=what, here=ours, there=theirs
                )
    taken = set(served.values())
    for name in there:
        if name not in taken:
            yield Difference(kind=Kind.NEW, model=name, upstream_model=name)


def _facts(here: Profile, there: Profile) -> Iterator[tuple[Kind, str, str, str]]:
    for what, kind in (("price_per_second", Kind.PRICE), ("price_per_clip", Kind.PRICE)):
        ours, theirs = getattr(here, what), getattr(there, what)
        # A list without prices does not say that clips cost nothing.
        if theirs and ours != theirs:
            yield kind, what, _money(ours), _money(theirs)
    for what, ours, theirs in (
        ("seconds", _values(here.seconds, here.seconds_range), _values(there.seconds, there.seconds_range)),
        ("sizes", _values(here.sizes, here.size_range), _values(there.sizes, there.size_range)),
    ):
        if theirs and ours != theirs:
            yield Kind.ABILITY, what, ours or "any", theirs
    if there.audio != here.audio:
        yield Kind.ABILITY, "audio", str(here.audio).lower(), str(there.audio).lower()
    if there.sunset is not None and there.sunset != here.sunset:
        yield Kind.SUNSET, "sunset", here.sunset or "none", there.sunset


def _money(amount: Micro) -> str:
    return show(amount)


def _values(values: Sequence[int | str], span: Span | None) -> str:
    if values:
        return ", ".join(sorted(map(str, values), key=lambda text: (len(text), text)))
    return "" if span is None else f"{span.min} to {span.max}"
