"""Words for searching: Latin words as they are, runs of Chinese, Japanese and Korean as pairs of characters.

Neither SQLite nor PostgreSQL knows where a Chinese word ends. Every two neighbours are therefore a word of
their own, and a longer term is found as a phrase of such pairs. Both databases then need nothing but their
own search for words and phrases.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import msgspec

LONGEST_TERM: Final = 64
"""Characters of one term that count."""
BEGUN_FROM: Final = 3
"""From how many letters on a Latin word is found by its beginning."""
TERMS_MAX: Final = 16
"""Terms of one query that count."""

_CJK: Final = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3041-\u30ff\u3100-\u312f\u3131-\u318e"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_PIECE: Final = re.compile(f"(?P<cjk>[{_CJK}]+)|(?P<word>[^\\W_{_CJK}]+)")


class Term(msgspec.Struct, frozen=True):
    """One thing to be found: words that follow one another, the last of them possibly only begun."""

    words: tuple[str, ...]
    begun: bool
    """Whether the last word may go on."""


def folded(text: str) -> str:
    """Write a text the way it is compared: one width, one case, no accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in plain if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare)


def words(*texts: str | None) -> str:
    """Give the words of some texts in order, one space between two of them."""
    return " ".join(word for text in texts if text for word in _words(folded(text)))


def terms(query: str) -> tuple[Term, ...]:
    """Give what a query asks for; nothing for one without a letter or digit."""
    found = list(_PIECE.finditer(folded(query[:1024])))[:TERMS_MAX]
    # Somebody who types has begun the last word alone; whole words are found much faster.
    return tuple(dict.fromkeys(_term(m, last=m is found[-1]) for m in found))


def _words(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        run = match["cjk"]
        if run is None:
            yield match["word"][:LONGEST_TERM]
            continue
        yield from (run[at : at + 2] for at in range(len(run) - 1))
        # Alone, so that a single character is found at the end of a run as well.
        yield run[-1]


def _term(match: re.Match[str], *, last: bool) -> Term:
    run = match["cjk"]
    if run is None:
        word = match["word"][:LONGEST_TERM]
        # What begins with one or two letters is half of everything, and nobody's question.
        return Term((word,), begun=last and len(word) >= BEGUN_FROM)
    run = run[:LONGEST_TERM]
    if len(run) == 1:
        return Term((run,), begun=True)
    return Term(tuple(run[at : at + 2] for at in range(len(run) - 1)), begun=False)
