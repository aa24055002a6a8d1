"""Every sentence the command line says, in English and in Chinese.

The language follows `REELGATE_LANG`, else the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`): Chinese when it
starts with `zh`, English otherwise. Names of options, codes and fields are the same in both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from reelgate.cli.words import (
    channel_keys,
    channels,
    client,
    clips,
    db,
    demo,
    doctor,
    keys,
    library,
    limits,
    models,
    people,
    root,
    serve,
    simulate,
    storage,
    tuning,
)
from reelgate.cli.words.advice import ADVICE_ZH

Language = Literal["en", "zh"]


def language(environ: Mapping[str, str]) -> Language:
    """Choose the language for an environment; the first variable that is set decides."""
    for name in ("REELGATE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if chosen := environ.get(name):
            return "zh" if chosen.lower().startswith("zh") else "en"
    return "en"


def say(key: str, /, **values: object) -> str:
    """Give a sentence in the language of this run, with its values in place."""
    return WORDS[key][_INDEX].format(**values)


def translated(english: str, chinese: str) -> str:
    """Choose the sentence in the language of this run."""
    return chinese if _INDEX else english


def advise(code: str, english: str) -> str:
    """Give the next step for an error code; the English one stays with the code itself."""
    return ADVICE_ZH.get(code, english) if _INDEX else english


WORDS: dict[str, tuple[str, str]] = {
    **root.WORDS,
    **client.WORDS,
    **clips.WORDS,
    **keys.WORDS,
    **library.WORDS,
    **people.WORDS,
    **limits.WORDS,
    **tuning.WORDS,
    **channels.WORDS,
    **channel_keys.WORDS,
    **models.WORDS,
    **simulate.WORDS,
    **storage.WORDS,
    **serve.WORDS,
    **demo.WORDS,
    **doctor.WORDS,
    **db.WORDS,
}
"""Every sentence by its key; the first part of a key names the file it stands in."""

# Help is worded before any settings can be read, so the locale is looked up here.
_INDEX = 1 if language(os.environ) == "zh" else 0  # noqa: TID251
