"""Find in a migration what would break the release before it, which runs beside it for a while.

Each migration is applied to a real database, and the schema after it is compared with the one
before. What the previous release's program cannot live with is refused, unless the migration says
that it contracts (`contract = ("tasks.word",)`, `min_reader = "0003"`) and the release before was
ready for that (`ready_for` in tools/releases.toml).

What it cannot see: a statement that changes rows to values the previous release does not know.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, inspect

RELEASES = Path(__file__).parent / "releases.toml"
# What holds every value the other held.
WIDER = {("INTEGER", "BIGINT"), ("SMALLINT", "INTEGER"), ("SMALLINT", "BIGINT"), ("VARCHAR", "TEXT")}


@dataclass(frozen=True)
class Release:
    """A release: the schema it came with, and what its program does not need any more."""

    version: str
    schema: str
    ready_for: Sequence[str] = ()


@dataclass(frozen=True)
class Field:
    """A column as the database describes it."""

    type: str
    nullable: bool
    default: bool


@dataclass(frozen=True)
class Shape:
    """A table as the database describes it."""

    fields: Mapping[str, Field]
    checks: Mapping[str, str]
    unique: frozenset[tuple[str, ...]]
    references: frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Finding:
    """Why a migration may not be released."""

    revision: str
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.revision}: {self.subject}: {self.message}"


def releases(path: Path = RELEASES) -> list[Release]:
    """Read the releases, oldest first."""
    return [Release(**one) for one in tomllib.loads(path.read_text(encoding="utf-8")).get("release", [])]


def check(folder: Path, connection: Connection, released: Sequence[Release]) -> list[Finding]:
    """Apply the migrations of `folder` one after the other and list what may not be released."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    found: list[Finding] = []
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        before = shapes(connection)
        command.upgrade(config, script.revision)
        found += judge(script, breaks(before, shapes(connection)), released)
    return found


def judge(
    script: Script, broken: Sequence[tuple[str, str]], released: Sequence[Release]
) -> Iterator[Finding]:
    """Say what of the things a step breaks it may not break."""
    contract: Sequence[str] = getattr(script.module, "contract", ())
    before = [one for one in released if one.schema < script.revision]
    ready = before[-1].ready_for if before else ()
    for subject, message in broken:
        if subject not in contract:
            yield Finding(script.revision, subject, f"{message}; expand first, contract a release later")
        elif subject not in ready:
            yield Finding(script.revision, subject, f"{message}, and the release before was not ready for it")
    if contract:
        oldest = getattr(script.module, "min_reader", None)
        if not before or oldest != before[-1].schema:
            known = before[-1].schema if before else "none was released"
            message = f"min_reader must be the schema of the release before ({known})"
            yield Finding(script.revision, "min_reader", message)
    elif script.down_revision is not None and hasattr(script.module, "min_reader"):
        yield Finding(script.revision, "min_reader", "only a contracting migration shuts programs out")


def breaks(before: Mapping[str, Shape], after: Mapping[str, Shape]) -> list[tuple[str, str]]:
    """List what a program written for `before` cannot live with: the table or column, and why."""
    found: list[tuple[str, str]] = []
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            found.append((name, "the table is gone"))
            continue
        found += [(f"{name}.{field}", why) for field, why in _fields(old.fields, new.fields)]
        found += [(name, why) for why in _rules(old, new)]
    return found


def _fields(old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    for name, was in old.items():
        now = new.get(name)
        if now is None:
            yield name, "the column is gone"
        else:
            yield from ((name, why) for why in _changes(was, now))
    for name in new.keys() - old.keys():
        if not new[name].nullable and not new[name].default:
            yield name, "the new column must be filled, and the release before does not know it"


def _changes(was: Field, now: Field) -> Iterator[str]:
    if was.type != now.type and (_kind(was.type), _kind(now.type)) not in WIDER:
        yield f"the type changes from {was.type} to {now.type}"
    if was.nullable and not now.nullable:
        yield "the column may not be empty any more"
    if now.nullable and not was.nullable:
        yield "the column may be empty, which the release before does not expect"
    if was.default and not now.default and not now.nullable:
        yield "the column has lost its default"


def _kind(type_name: str) -> str:
    return type_name.partition("(")[0].partition(" ")[0]


def _rules(old: Shape, new: Shape) -> Iterator[str]:
    for name, rule in new.checks.items():
        was = old.checks.get(name)
        if was != rule and not (was and _more_words(was, rule)):
            yield f"the check {name} is new or changed, and may refuse what the release before writes"
    for columns in sorted(new.unique - old.unique):
        yield f"({', '.join(columns)}) must be unique now"
    for columns in sorted(old.unique - new.unique):
        yield f"({', '.join(columns)}) need not be unique any more, which ON CONFLICT relies on"
    for columns in sorted(new.references - old.references):
        yield f"{' '.join(columns)} is a new reference"


def _more_words(was: str, now: str) -> bool:
    """Tell whether a check of a closed vocabulary only accepts more words than before."""
    word = re.compile(r"'([^']*)'(?:::text)?(?:,\s*)?")
    same = word.sub("", was) == word.sub("", now)
    return same and set(word.findall(was)) <= set(word.findall(now))


def shapes(connection: Connection) -> dict[str, Shape]:
    """Ask a database for its tables."""
    here = inspect(connection)
    return {name: _shape(here, name) for name in here.get_table_names() if name != "alembic_version"}


def _shape(here: Any, name: str) -> Shape:
    indexes = [tuple(one["column_names"]) for one in here.get_indexes(name) if one["unique"]]
    unique = [tuple(one["column_names"]) for one in here.get_unique_constraints(name)]
    return Shape(
        fields={
            one["name"]: Field(
                str(one["type"]),
                one["nullable"],
                one["default"] is not None or bool(one.get("autoincrement") is True),
            )
            for one in here.get_columns(name)
        },
        checks={str(one["name"]): str(one["sqltext"]) for one in here.get_check_constraints(name)},
        unique=frozenset([*indexes, *unique, tuple(here.get_pk_constraint(name)["constrained_columns"])]),
        references=frozenset(
            (*one["constrained_columns"], "to", one["referred_table"], *one["referred_columns"])
            for one in here.get_foreign_keys(name)
        ),
    )
