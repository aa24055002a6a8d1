"""Undocumented means failing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from reelgate.core import events, lifecycle
from reelgate.core.dialect import CAPABILITIES, Phase
from reelgate.core.errors import Code
from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.money import EntryKind
from reelgate.core.task import Role, Variant, Verb
from reelgate.settings import Settings
from tools.generate import said_of

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))


def read(*names: str) -> str:
    return ROOT.joinpath(*names).read_text("utf-8")


@pytest.mark.parametrize("code", list(Code))
def test_every_error_code_has_its_page_with_the_same_headings(code: Code):
    page = read("docs", "reference", "errors", f"{code.value}.md")

    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)

    assert headings == ["What happened", "Whose side", "Was money touched", "What to do next", "Again?"]


def test_no_error_page_is_left_from_a_code_that_is_gone():
    pages = {p.stem for p in (DOCS / "reference" / "errors").glob("*.md")} - {"README"}

    assert pages == {code.value for code in Code}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_described_and_on_its_page(name: str):
    """Shows 002-19."""

    described = Settings.model_fields[name].description or ""

    assert described.endswith(".")
    assert f"`REELGATE_{name.upper()}`" in read("docs", "reference", "settings.md")


@pytest.mark.parametrize(("module", "kind"), [(lifecycle, Status), (events, EventType)])
def test_every_status_and_event_says_what_it_means(module: Any, kind: type[StrEnum]):
    said = said_of(Path(module.__file__).read_text("utf-8"), kind.__name__)

    assert set(said) == {member.name for member in kind}


@pytest.mark.parametrize("kind", [Status, Phase, Verb, Role, Variant, EntryKind])
def test_the_glossary_has_every_word_of_the_core(kind: type[StrEnum]):
    glossary = read("docs", "glossary.md")

    assert [member.value for member in kind if f"`{member.value}`" not in glossary] == []


def test_the_glossary_has_every_capability():
    glossary = read("docs", "glossary.md")

    assert [name for name in CAPABILITIES if f"`{name}`" not in glossary] == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_its_context_what_was_decided_and_its_price(path: Path):
    text = path.read_text("utf-8")

    number = int(path.name[:4])
    assert text.startswith(f"# {number}. ")
    for act in ("**Context.**", "**Decision.**", "**Price paid.**"):
        assert act in text


def requirements() -> Iterator[str]:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    lines = list(project["dependencies"])
    for name in ("build.in", "demo.in", "dev.in"):
        lines += [x for x in read("requirements", name).splitlines() if x and not x.startswith("#")]
    for line in lines:
        found = re.match(r"[A-Za-z0-9_.-]+(\[\w+\])?", line)
        assert found, line
        yield found[0]


def test_every_package_we_chose_has_its_reason():
    reasons = read("docs", "decisions", "0012-locked-packages.md")

    assert [name for name in requirements() if f"`{name}`" not in reasons] == []


def test_no_lock_file_says_where_packages_come_from():
    for lock in [*(ROOT / "requirements").glob("*.lock")]:
        text = lock.read_text("utf-8")
        assert not re.search(r"://|find-links|index-url|^-|@ ", text, re.MULTILINE), lock.name
        for block in re.split(r"\n(?=\S)", text.strip()):
            assert "--hash=sha256:" in block, f"{lock.name}: {block}"
    for lock in ROOT.glob("tests/**/package-lock.json"):
        assert '"resolved"' not in lock.read_text("utf-8") or "node_modules" in lock.parts


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path):
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)

    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        if "://" in name:
            continue
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(page), f"{target} names no heading"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_map_for_people_and_agents_stays_short_and_names_every_room():
    text = read("AGENTS.md")

    assert len(text.splitlines()) <= 120
    rooms = {p.name for p in (ROOT / "src" / "reelgate").iterdir() if (p / "__init__.py").exists()}
    assert [room for room in sorted(rooms) if f"`{room}`" not in text] == []


def test_help_names_every_target_people_use():
    makefile = read("Makefile")
    listed = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    promised = {"help", "demo", "start", "test", "test-full", "bench", "stats", "fix", "types", "docs"}
    assert promised <= listed
    assert [t for t in listed if f"make {t}" not in read("AGENTS.md") and t not in ("help", "lock")] == []
