"""Rows and records: a record's field names are its column names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Table


def names_of(record: type[msgspec.Struct]) -> tuple[str, ...]:
    """Name the fields of a record in order."""
    return tuple(field.name for field in msgspec.structs.fields(record))


def columns_of(table: Table, record: type[msgspec.Struct]) -> tuple[Column[Any], ...]:
    """Give the columns that fill a record, in the order of its fields."""
    return tuple(table.c[name] for name in names_of(record))


def named(names: Sequence[str], row: Iterable[Any]) -> dict[str, Any]:
    """Give the values of a row by name."""
    return dict(zip(names, row, strict=True))


def values_of(record: msgspec.Struct) -> dict[str, Any]:
    """Give the values of a record by name, without looking inside them."""
    return msgspec.structs.asdict(record)
