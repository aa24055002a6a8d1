"""The metadata every table belongs to, and the kinds of column there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Integer,
    MetaData,
    Text,
    column,
    literal_column,
)

KNOWN: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""The revisions of the schema this code knows, oldest first."""

HEAD: Final = KNOWN[-1]
"""The schema revision this code speaks."""

DEFAULT_USER: Final = "user_default"
DEFAULT_PROJECT: Final = "proj_default"
DEFAULT_ACCOUNT: Final = "acct_default"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Ids are compared byte by byte on both databases, so that a page is cut at the same place.
Id = Text().with_variant(Text(collation="C"), "postgresql")

# SQLite only numbers rows by itself in a column declared INTEGER.
Cursor = BigInteger().with_variant(Integer(), "sqlite")


def identifier(name: str, *constraints: Any, nullable: bool = False) -> Column[str]:
    """Declare an id, compared byte by byte."""
    return Column(name, Id, *constraints, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> Column[str]:
    """Declare a text."""
    return Column(name, Text, nullable=nullable)


def ms(name: str, *, nullable: bool = True) -> Column[int]:
    """Declare a time in milliseconds since 1970."""
    return Column(name, BigInteger, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> Column[int]:
    """Declare a whole number of 32 bits."""
    return Column(name, Integer, nullable=nullable)


def big(name: str, *, nullable: bool = False) -> Column[int]:
    """Declare a whole number of 64 bits."""
    return Column(name, BigInteger, nullable=nullable)


def flag(name: str) -> Column[bool]:
    """Declare a yes or no."""
    return Column(name, Boolean, nullable=False)


def real(name: str) -> Column[float]:
    """Declare a fraction that may be absent."""
    return Column(name, Float, nullable=True)


def created() -> Column[int]:
    """Declare when the row was made, in milliseconds since 1970."""
    return ms("created_at", nullable=False)


def word(name: str, words: type[StrEnum]) -> CheckConstraint:
    """Let a column hold only the words of an enum."""
    return CheckConstraint(column(name, Text).in_([word.value for word in words]), name=f"{name}_word")


def at_least(name: str, least: int) -> CheckConstraint:
    """Let a column hold no number below `least`."""
    return CheckConstraint(column(name, Integer) >= literal_column(str(least)), name=f"{name}_range")
