"""Searching the library: pages cut at a place, and how many items each filter would leave.

Everything a filter looks at is in one index, so that the worst question walks a project's items once,
as numbers. What takes few values is asked of the shapes, in memory; only their numbers go into SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, assert_never

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    cast,
    false,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy import column as named_column
from sqlalchemy.types import UserDefinedType

from reelgate.core.grams import Term
from reelgate.core.library import Shelf, Sort
from reelgate.store import jsontext
from reelgate.store.tables import library_item_tags, library_items, library_texts


class TSQUERY(UserDefinedType[str]):
    """PostgreSQL's type of a question; SQLAlchemy's own takes a quarter of a second to load."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Give its name."""
        return "tsquery"


_ITEMS: Final = library_items.c
_SORTED: Final = {Sort.CREATED: _ITEMS.created_at, Sort.DURATION: _ITEMS.length_ms, Sort.COST: _ITEMS.cost}
_WALKS: Final = {
    Sort.CREATED: "ix_library_items_walk",
    Sort.DURATION: "ix_library_items_length",
    Sort.COST: "ix_library_items_cost",
}


class Reach(msgspec.Struct, frozen=True):
    """How words are looked for on SQLite; any choice finds the same."""

    few: int = 2_000
    """Up to how many items that hold the words are looked at one by one, instead of walking the index."""
    common: int = 20_000
    """From how many items that hold the words on the next items are looked through, instead of naming all of those."""
    windows: tuple[int, ...] = (500, 1_000, 2_000, 4_000, 8_000)
    """How many items are looked through for common words, before all that hold them are asked for."""

    runs: int = 16
    """Up to how many stretches of numbers a window may lie in; wider apart, all that hold the words are asked for."""


REACH: Final = Reach()
GAP: Final = 64
"""Numbers nearer to one another than this are one stretch."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which items are asked for. Times are milliseconds since 1970; bounds belong to what is asked for."""

    project_id: str
    shelf: Shelf = Shelf.OPEN
    terms: tuple[Term, ...] = ()
    shapes: tuple[int, ...] | None = None
    """The shapes that fit; None when every one does."""
    folder_id: str | None = None
    no_folder: bool = False
    tag_ids: tuple[str, ...] = ()
    """All of them."""
    created_from: int | None = None
    created_to: int | None = None
    length_from: int | None = None
    length_to: int | None = None
    cost_from: int | None = None
    cost_to: int | None = None


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where in an order an item stands."""

    value: int
    no: int


class Cut(msgspec.Struct, frozen=True):
    """Some numbers of items in the order asked for, and whether there are more on either side."""

    places: tuple[Place, ...]
    more_after: bool
    more_before: bool


def page(
    conn: Connection,
    wanted: Wanted,
    *,
    sort: Sort,
    ascending: bool,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
    reach: Reach = REACH,
) -> Cut:
    """Give the items that follow `after`, or the last ones that come ahead of `before`."""
    if wanted.shapes == ():
        return Cut((), more_after=False, more_before=False)
    backwards = before is not None and after is None
    line = _Line(conn, sort, rising=ascending != backwards)
    place = before if backwards else after
    words = _words(conn, wanted, reach)
    # In another order than they were made in, the next items' numbers lie all over the words' lists.
    if isinstance(words, _Many) and words.common and sort is Sort.CREATED:
        rows = _in_windows(line, wanted, words, place, limit + 1, reach)
    else:
        rows = line.places(wanted, words, place, limit + 1)
    more, found = len(rows) > limit, rows[:limit]
    if backwards:
        return Cut(tuple(reversed(found)), more_after=True, more_before=more)
    return Cut(tuple(found), more_after=more, more_before=after is not None)


class _Line:
    """Items in one order, from any place on."""

    def __init__(self, conn: Connection, sort: Sort, *, rising: bool) -> None:
        self.conn = conn
        self._sort = sort
        self._rising = rising

    def places(self, wanted: Wanted, words: _Words, place: Place | None, limit: int) -> list[Place]:
        """Give up to `limit` places that follow one; the words asked for are `words`."""
        key, rising = _SORTED[self._sort], self._rising
        statement = _filtered(self.conn, wanted, words, select(key, _ITEMS.no), walk=_WALKS[self._sort])
        if place is not None:
            statement = statement.where(_beyond(key, place, rising=rising))
        order = (key.asc(), _ITEMS.no.asc()) if rising else (key.desc(), _ITEMS.no.desc())
        return [Place(*row) for row in self.conn.execute(statement.order_by(*order).limit(limit))]


def _in_windows(
    line: _Line, wanted: Wanted, words: _Many, place: Place | None, limit: int, reach: Reach
) -> list[Place]:
    """Give the first places whose items hold words that many hold: a stretch of items at a time is looked through.

    Words that many items hold are soon met, and naming all of those items first is what takes long.
    """
    found: list[Place] = []
    for size in reach.windows:
        some = line.places(wanted, None, place, size)
        runs = _runs([one.no for one in some])
        if len(runs) > reach.runs:
            break
        holding: set[int] = set()
        for least, most in runs:
            values = {"query": words.query, "least": least, "most": most}
            holding.update(_numbers.decode(line.conn.execute(_WITHIN, values).scalar_one()))
        found += [one for one in some if one.no in holding]
        if len(found) >= limit or len(some) < size:
            return found[:limit]
        place = some[-1]
    return found + line.places(wanted, words, place, limit - len(found))


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Put numbers into stretches without wide gaps; one number far off would make a stretch of everything between."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number - runs[-1][1] <= GAP:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _beyond(key: ColumnElement[int], place: Place, *, rising: bool) -> ColumnElement[bool]:
    # The first condition bounds the walk; the second cuts among those of one value.
    if rising:
        return (key >= place.value) & ((key > place.value) | (_ITEMS.no > place.no))
    return (key <= place.value) & ((key < place.value) | (_ITEMS.no < place.no))


def count_shapes(conn: Connection, wanted: Wanted) -> dict[int, int]:
    """Count the items by shape; `wanted.shapes` is left aside, so that every filter can be judged alone."""
    whole = msgspec.structs.replace(wanted, shapes=None)
    counting = select(_ITEMS.shape, func.count())
    statement = _filtered(conn, whole, _words(conn, whole), counting, walk="ix_library_items_shape")
    rows: Any = conn.execute(statement.group_by(_ITEMS.shape)).all()
    return {row[0]: row[1] for row in rows}


def count_folders(conn: Connection, wanted: Wanted, folder_ids: Sequence[str]) -> dict[str, int]:
    """Count the items of some folders, under the shapes that fit and no other filter."""
    if wanted.shapes == () or not folder_ids:
        return {}
    statement = select(_ITEMS.folder_id, func.count()).where(
        _ITEMS.folder_id.in_(folder_ids), _ITEMS.shelf == int(wanted.shelf)
    )
    if wanted.shapes is not None:
        statement = statement.where(_in_numbers(conn, _ITEMS.shape, wanted.shapes))
    found = conn.execute(statement.group_by(_ITEMS.folder_id))
    return {folder_id: count for folder_id, count in found if folder_id is not None}


def count_tags(conn: Connection, tag_ids: Sequence[str]) -> dict[str, int]:
    """Count the items each tag is on, wherever they lie."""
    tagged = library_item_tags.c
    statement = select(tagged.tag_id, func.count()).where(tagged.tag_id.in_(tag_ids)).group_by(tagged.tag_id)
    return {row[0]: row[1] for row in conn.execute(statement)} if tag_ids else {}


def ids(conn: Connection, wanted: Wanted, limit: int) -> list[str]:
    """Name up to `limit` of the items, the newest first."""
    if wanted.shapes == ():
        return []
    statement = _filtered(conn, wanted, _words(conn, wanted), select(_ITEMS.id)).order_by(
        _ITEMS.created_at.desc(), _ITEMS.no.desc()
    )
    return list(conn.execute(statement.limit(limit)).scalars())


def _filtered(
    conn: Connection, wanted: Wanted, words: _Words, statement: Any, *, walk: str = _WALKS[Sort.CREATED]
) -> Any:
    statement = statement.where(*_conditions(conn, wanted))
    way = f"INDEXED BY {walk}"
    if words is not None:
        statement = statement.where(_holding(words))
        # By number alone: each of the few is looked up.
        way = "NOT INDEXED" if isinstance(words, _Few) and words.numbers else way
    if conn.dialect.name == "sqlite" and (wanted.folder_id is None or way == "NOT INDEXED"):
        # Left alone it takes the index that looks narrowest, and then sorts a hundred thousand rows.
        statement = statement.with_hint(library_items, way, "sqlite")
    return statement


def _conditions(conn: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [_ITEMS.project_id == wanted.project_id, _ITEMS.shelf == int(wanted.shelf)]
    for key, least, most in (
        (_ITEMS.created_at, wanted.created_from, wanted.created_to),
        (_ITEMS.length_ms, wanted.length_from, wanted.length_to),
        (_ITEMS.cost, wanted.cost_from, wanted.cost_to),
    ):
        found += [key >= least] if least is not None else []
        found += [key <= most] if most is not None else []
    if wanted.shapes is not None:
        found.append(_in_numbers(conn, _ITEMS.shape, wanted.shapes))
    if wanted.no_folder:
        found.append(_ITEMS.folder_id.is_(None))
    elif wanted.folder_id is not None:
        found.append(_ITEMS.folder_id == wanted.folder_id)
    for tag_id in wanted.tag_ids:
        tagged = select(library_item_tags.c.no).where(library_item_tags.c.tag_id == tag_id)
        found.append(_ITEMS.no.in_(tagged))
    return found


def _in_numbers(conn: Connection, key: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Compare with numbers that are one value of the statement, however many they are."""
    if conn.dialect.name == "postgresql":
        return key == func.any(cast(list(numbers), ARRAY(BigInteger)))
    return _in_list(key, jsontext.dump(list(numbers)))


def _in_list(key: ColumnElement[int], numbers: str) -> ColumnElement[bool]:
    listed = func.json_each(numbers)
    return key.in_(select(named_column("value", BigInteger)).select_from(listed))


# Words.

_HOLDS: Final = text("SELECT rowid FROM library_words WHERE library_words MATCH :query").columns(
    named_column("rowid", BigInteger)
)
# As one value: two thousand rows on their way through the driver take longer than finding them.
_FIRST: Final = text(
    "SELECT count(*), json_group_array(rowid) FROM"
    " (SELECT rowid FROM library_words WHERE library_words MATCH :query LIMIT :limit)"
)
_WITHIN: Final = text(
    "SELECT json_group_array(rowid) FROM library_words"
    " WHERE library_words MATCH :query AND rowid BETWEEN :least AND :most"
)
_AT_LEAST: Final = text(
    "SELECT count(*) FROM (SELECT rowid FROM library_words WHERE library_words MATCH :query LIMIT :limit)"
)
_numbers = msgspec.json.Decoder(list[int])


class _Few(msgspec.Struct, frozen=True):
    """Every item that holds the words: numbers as a JSON list, None for no item."""

    numbers: str | None


class _Many(msgspec.Struct, frozen=True):
    """What SQLite is asked for words that more than a few items hold."""

    query: str
    common: bool


class _Spoken(msgspec.Struct, frozen=True):
    """What PostgreSQL is asked."""

    query: str


_Words = _Few | _Many | _Spoken | None


def _words(conn: Connection, wanted: Wanted, reach: Reach = REACH) -> _Words:
    """Say what the words come to; None where none are asked for."""
    if not wanted.terms:
        return None
    if conn.dialect.name == "postgresql":
        return _Spoken(_for_postgresql(wanted.terms))
    query = _for_sqlite(wanted.terms)
    count, numbers = conn.execute(_FIRST, {"query": query, "limit": reach.few + 1}).one()
    if count <= reach.few:
        return _Few(numbers if count else None)
    met = conn.execute(_AT_LEAST, {"query": query, "limit": reach.common}).scalar_one()
    return _Many(query, met >= reach.common)


def _holding(words: _Few | _Many | _Spoken) -> ColumnElement[bool]:
    match words:
        case _Few(numbers=numbers):
            return _in_list(_ITEMS.no, numbers) if numbers else false()
        case _Many(query=query):
            return _ITEMS.no.in_(_HOLDS.bindparams(query=query))
        case _Spoken(query=query):
            spoken = func.to_tsvector(literal_column("'simple'"), library_texts.c.words)
            holds = spoken.bool_op("@@")(cast(query, TSQUERY))
            return _ITEMS.no.in_(select(library_texts.c.no).where(holds))
        case _:
            assert_never(words)


def _for_sqlite(terms: Sequence[Term]) -> str:
    return " ".join(f'"{" ".join(term.words)}"{"*" if term.begun else ""}' for term in terms)


def _for_postgresql(terms: Sequence[Term]) -> str:
    return " & ".join(f"({' <-> '.join(_word(term, at) for at in range(len(term.words)))})" for term in terms)


def _word(term: Term, at: int) -> str:
    # Words are letters and digits alone (`core.grams`): nothing in them ends the quotes.
    return f"'{term.words[at]}'{':*' if term.begun and at == len(term.words) - 1 else ''}"
