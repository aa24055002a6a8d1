"""Maps every requirement to the tests that quote it or the page that answers it; a row without either is an error."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
DATA: Final = Path("docs/reference/requirements.toml")
_ROW: Final = re.compile(r"(?<![\w.-])(00[0-4]-\d{2})(?![\w-])")
_TITLE: Final = re.compile(r"""\s*(?:test|it)\((["'])(.+?)\1""")
_SHOWN_TESTS: Final = 4
SOURCES: Final = {
    "000": "A client of two relays, with characters",
    "001": "A back end of video tasks",
    "002": "A platform with a front end",
    "003": "The whole back end: people, live, polling",
    "004": "Remixes, tried end to end",
}


@dataclass(frozen=True)
class Rows:
    """The data file, as it is written."""

    titles: Mapping[str, str]
    pages: Mapping[str, list[str]]
    context: Mapping[str, str]
    later: Mapping[str, Mapping[str, str]]
    pending: Mapping[str, Mapping[str, str]]


@dataclass
class Finding:
    """What shows one row."""

    row: str
    title: str
    tests: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    reason: str = ""


def load(root: Path) -> Rows:
    """Read the data file."""
    data: dict[str, Any] = tomllib.loads((root / DATA).read_text("utf-8"))
    return Rows(data["rows"], data["pages"], data["context"], data["later"], data.get("pending", {}))


def quoted(root: Path) -> dict[str, list[str]]:
    """Find the tests that quote each row, as `path::name`; a row quoted above all tests counts for the file.

    A test of the studio is quoted by the comment above it.
    """
    found: dict[str, list[str]] = {}
    for path in _tests(root):
        text = path.read_text("utf-8")
        if _ROW.search(text) is None:
            continue
        spans = list(_spans(text) if path.suffix == ".py" else _titles(text))
        for number, line in enumerate(text.splitlines(), start=1):
            for row in _ROW.findall(line):
                name = next((n for first, last, n in spans if first <= number <= last), "")
                shown = f"{path.relative_to(root).as_posix()}" + (f"::{name}" if name else "")
                if shown not in found.setdefault(row, []):
                    found[row].append(shown)
    return found


def _tests(root: Path) -> list[Path]:
    """List the files that may quote rows, those of the studio last."""
    return sorted((root / "tests").rglob("test_*.py")) + sorted((root / "web/src").rglob("*.test.ts*"))


def _titles(text: str) -> Iterator[tuple[int, int, str]]:
    """Give where each test of the studio stands, from the comment above it on."""
    before = 0
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TITLE.match(line)
        if found is not None:
            yield before + 1, number, found[2]
            before = number


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Give where each test stands, with its decorators."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield first, node.end_lineno or node.lineno, node.name


def findings(root: Path) -> list[Finding]:
    """Say of every row what shows it."""
    rows, tests = load(root), quoted(root)
    return [
        Finding(
            row,
            title,
            tests.get(row, []),
            list(rows.pages.get(row, [])),
            _reason(rows, row, shown=row in tests),
        )
        for row, title in rows.titles.items()
    ]


def _reason(rows: Rows, row: str, *, shown: bool) -> str:
    if row in rows.context:
        return f"Context: {rows.context[row]}."
    if row in rows.later:
        return f"Later, with the {rows.later[row]['area']}: {rows.later[row]['why']}."
    if row in rows.pending and not shown:
        return f"Being built since {rows.pending[row]['since']} ({rows.pending[row]['area']})."
    return ""


def faults(root: Path) -> list[str]:
    """Say what keeps the page from being true: rows nothing shows, rows nobody knows, pages that are not there."""
    rows = load(root)
    said = [f"{one.row} ({one.title}): no test quotes it and no page answers it" for one in _bare(root)]
    known = set(rows.titles)
    for name, part in (("pages", rows.pages), ("context", rows.context), ("later", rows.later)):
        said += [f"{row}: `{name}` names a row there is not" for row in part if row not in known]
    said += [f"{row}: `pending` names a row there is not" for row in rows.pending if row not in known]
    said += [
        f"{row}: {', '.join(t)} quotes a row there is not"
        for row, t in quoted(root).items()
        if row not in known
    ]
    said += [
        f"{row}: the page {page} is not there"
        for row, pages in rows.pages.items()
        for page in pages
        if not (root / page).exists()
    ]
    return said


def _bare(root: Path) -> list[Finding]:
    return [one for one in findings(root) if not (one.tests or one.pages or one.reason)]


def page(root: Path = ROOT) -> str:
    """Write the table of all rows.

    Raises ValueError when a row is shown by nothing.
    """
    wrong = faults(root)
    if wrong:
        raise ValueError("docs/reference/requirements.toml: " + "; ".join(wrong))
    found = findings(root)
    parts = ["# Requirements", _lead(found)]
    for source, about in SOURCES.items():
        lines = [_line(one) for one in found if one.row.startswith(source)]
        parts.append(
            "\n".join(
                [f"## {source}: {about}\n", "| Row | What is asked | Shown by |", "|---|---|---|", *lines]
            )
        )
    return "\n\n".join(parts) + "\n"


def _lead(found: list[Finding]) -> str:
    tested = sum(1 for one in found if one.tests)
    paged = sum(1 for one in found if one.pages and not one.tests)
    rest = len(found) - tested - paged
    return (
        f"What the project was asked for, row by row: {len(found)} rows, {tested} shown by tests that quote them,"
        f" {paged} answered by a page, {rest} with a reason why neither. A row with none of these fails the build."
    )


def _line(one: Finding) -> str:
    shown = [f"`{test}`" for test in one.tests[:_SHOWN_TESTS]]
    if len(one.tests) > _SHOWN_TESTS:
        shown.append(f"and {len(one.tests) - _SHOWN_TESTS} more")
    shown += [f"[{Path(name).name}]({_to(name)})" for name in one.pages]
    if one.reason:
        shown.append(one.reason)
    return f"| {one.row} | {one.title} | {'<br>'.join(shown)} |"


def _to(name: str) -> str:
    return name.removeprefix("docs/reference/") if name.startswith("docs/reference/") else "../../" + name


def main() -> int:
    """Say every fault, and with `--final` every row that is still pending."""
    said = faults(ROOT)
    if "--final" in sys.argv:
        said += [f"{row}: pending" for row in load(ROOT).pending]
    for line in said:
        print(line)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
