"""Writes the pages that are made from code, so that they cannot go stale. `python -m tools.generate [--check]`.

A page is either made whole (`PAGES`) or written by hand with a made section between
`<!-- generated: NAME -->` and `<!-- end generated -->` (`SECTIONS`).
"""

from __future__ import annotations

import ast
import inspect
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from reelgate.app import load_dialects
from reelgate.auth.permissions import PERMISSIONS, Known, Open
from reelgate.auth.scopes import Scope
from reelgate.core import lifecycle
from reelgate.core.errors import CODES, Charge, Code, Side
from reelgate.core.events import WEBHOOK_TYPES, EventType
from reelgate.core.lifecycle import OUTWARD, TERMINAL, TRANSITIONS, Status
from reelgate.core.profile import Profile, Profiles
from reelgate.core.tunables import TUNABLES, Kind, Tunable
from reelgate.settings import Settings
from reelgate.telemetry import Meter
from tools import providers, requirements

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Made by `make docs`; change the code instead. -->"

# Error codes: one page each, the same headings on all.

SIDES = {
    Side.CALLER: "Yours: the request, the account or the key that sent it.",
    Side.OPERATOR: "The operator's of this installation, or of the upstream account behind it.",
    Side.UPSTREAM: "The upstream's, or the way to it.",
    Side.NOBODY: "Nobody's, or nobody's that is known.",
}
CHARGES = {
    Charge.NONE: "Nothing was charged.",
    Charge.RELEASED: "What was held is given back.",
    Charge.HELD: "What was held stays held until it is known what happened.",
    Charge.POSSIBLE: "It depends: something may have been charged. The task's ledger rows say what.",
}


def error_page(code: Code) -> str:
    """Write the page of one code."""
    entry = CODES[code]
    again = (
        "Sending the same thing again could succeed."
        if entry.retryable
        else "Sending the same thing again, unchanged, will not help."
    )
    parts = [
        NOTE,
        f"# `{code.value}`",
        f"## What happened\n\n{entry.meaning}",
        f"## Whose side\n\n{SIDES[entry.side]}",
        f"## Was money touched\n\n{CHARGES[entry.charge]}",
        f"## What to do next\n\n{entry.next_step}",
        f"## Again?\n\n{again}",
    ]
    return "\n\n".join(parts) + "\n"


def error_index() -> str:
    """Write the list of codes."""
    rows = [
        f"| [`{c.value}`]({c.value}.md) | {CODES[c].meaning} | {CODES[c].side.value} | {_yes(CODES[c].retryable)} |"
        for c in Code
    ]
    head = "| Code | What happened | Side | Again? |\n|---|---|---|---|"
    return _page("Error codes", "One vocabulary for every way a task or a call can end badly.", head, *rows)


# The lifecycle, from the enum's own docstrings.


def said_of(source: str, enum: str) -> dict[str, str]:
    """Read the sentence under each member of an enum, which Python itself throws away."""
    body = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == enum).body
    said: dict[str, str] = {}
    for before, after in itertools.pairwise(body):
        match before, after:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str() as text)):
                said[name] = text
            case _:
                pass
    return said


def lifecycle_section() -> str:
    """Draw the state machine and say of each status what it means."""
    said = said_of(inspect.getsource(lifecycle), "Status")
    edges = ["    [*] --> queued"]
    for status in Status:
        edges += [f"    {status.value} --> {after.value}" for after in Status if after in TRANSITIONS[status]]
        if status in TERMINAL:
            edges.append(f"    {status.value} --> [*]")
    rows = [f"| `{s.value}` | {said[s.name]} | `{OUTWARD[s]}` |" for s in Status]
    diagram = ["```mermaid", "stateDiagram-v2", *edges, "```"]
    head = ["| Status | What it means, and who sets it | On `/v1/videos` |", "|---|---|---|"]
    return "\n".join([*diagram, "", *head, *rows])


# Dialects and models.


def models_page() -> str:
    """Show what is known about every model."""
    _, profiles = load_dialects()
    head = "| Dialect | Model | Verbs | Seconds | Sizes | Inputs |\n|---|---|---|---|---|---|"
    rows = [_model_row(dialect, p) for dialect in sorted(profiles) for p in _all_profiles(profiles[dialect])]
    return _page("Models", "What the profile files beside the dialects say.", head, *rows)


def _all_profiles(profiles: Profiles) -> Iterator[Profile]:
    yield from profiles.model
    if profiles.fallback is not None:
        yield profiles.fallback


def _model_row(dialect: str, p: Profile) -> str:
    seconds = ", ".join(map(str, p.seconds)) or _span(p.seconds_range)
    sizes = ", ".join(p.sizes) or _span(p.size_range)
    inputs = ", ".join(f"{number} {role.value}" for role, number in p.inputs.items()) or "none"
    verbs = ", ".join(verb.value for verb in p.verbs)
    return f"| `{dialect}` | {p.title} (`{p.name}`) | {verbs} | {seconds} | {sizes} | {inputs} |"


def _span(span: object) -> str:
    return "not known" if span is None else f"{getattr(span, 'min')} to {getattr(span, 'max')}"  # noqa: B009


# Settings, events, command line.


def settings_page() -> str:
    """Show every setting with its default."""
    rows = [
        f"| `REELGATE_{name.upper()}` | `{name}` | {_default(info.default)} | {info.description} |"
        for name, info in Settings.model_fields.items()
    ]
    head = "| Variable | In `reelgate.toml` | Default | What it does |\n|---|---|---|---|"
    lead = "A variable wins over `reelgate.toml`; what is given on the command line wins over both."
    return _page("Settings", lead, head, *rows) + "\n" + _tunables()


def _tunables() -> str:
    """Show every setting that is changed at run time, in both languages."""
    rows = [
        f"| `{t.key}` | {t.group.value} | {t.kind.value} | {_bounds(t)} | {t.help[0]}<br>{t.help[1]} |"
        for t in TUNABLES
    ]
    lead = (
        "## While it runs\n\nChanged with `reelgate settings set`, or `POST /api/admin/settings`; every process takes"
        " a change over within a second, and each is kept with who made it. The defaults are what the table above,"
        " or the program, says.\n\n"
    )
    return (
        lead
        + "\n".join(["| Name | Group | Kind | From, to | What it does |", "|---|---|---|---|---|", *rows])
        + "\n"
    )


def _bounds(t: Tunable) -> str:
    if t.kind in (Kind.FLAG, Kind.POLICY, Kind.EMAILS):
        return ", ".join(f"`{choice}`" for choice in t.choices) or "-"
    return f"{t.least} to {t.most}" + (", or 0" if t.unlimited and t.least > 0 else "")


def _default(value: object) -> str:
    return "not set" if value in (None, ()) else f"`{value}`"


def events_page() -> str:
    """Show every event and what webhook receivers are told of it."""
    source = inspect.getsource(inspect.getmodule(EventType) or lifecycle)
    said = said_of(source, "EventType")
    rows = [
        f"| `{kind.value}` | {said.get(kind.name, '')} | {f'`{WEBHOOK_TYPES[kind]}`' if kind in WEBHOOK_TYPES else '-'} |"
        for kind in EventType
    ]
    head = "| Event | What happened | Webhook |\n|---|---|---|"
    lead = "Events are rows with a per-task sequence number. Streams read them all; webhook receivers are told of the ends."
    return _page("Events", lead, head, *rows)


def _scope(asked: Scope | Known | Open) -> str:
    match asked:
        case Scope():
            return f"`{asked.value}`"
        case Known():
            return "any"
        case Open():
            return "none"


def routes_page() -> str:
    """Show every route and the scope a key needs for it."""
    rows = [
        f"| `{method}` | `{template}` | {_scope(scope)} |"
        for (method, template), scope in PERMISSIONS.items()
    ]
    lead = (
        "Every route there is, and the scope a key needs for it. What belongs to somebody else answers 404."
    )
    return _page("HTTP routes", lead, "| Method | Path | Scope |\n|---|---|---|", *rows)


def metrics_page() -> str:
    """Show every figure of `/metrics`."""
    rows = [
        f"| `{figure.name}` | {figure.kind} | {', '.join(f'`{label}`' for label in figure.labels) or '-'} "
        f"| {'installation' if figure.whole else 'process'} | {figure.said} |"
        for figure in Meter().figures
    ]
    lead = (
        "What `/metrics` shows. Figures of a *process* are added up over processes; figures of the *installation* "
        "are the same whichever process is asked, so take their `max`. A histogram has `_bucket`, `_sum` and "
        "`_count`. Beside these stand the `process_…` figures of the Prometheus client. How to watch them: "
        "[monitor](../guides/monitor.md)."
    )
    return _page(
        "Metrics", lead, "| Name | Kind | Labels | Of | What it says |\n|---|---|---|---|---|", *rows
    )


def cli_page() -> str:
    """Print the help of every command, in English whatever this machine speaks."""
    environ = dict(os.environ) | {"REELGATE_LANG": "en", "PYTHONPATH": str(ROOT)}  # noqa: TID251
    command = [sys.executable, "-m", "tools.cli_pages"]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ, cwd=ROOT).stdout


def decisions_section() -> str:
    """List the decisions by number."""
    rows: list[str] = []
    for path in sorted((ROOT / "docs/decisions").glob("[0-9]*.md")):
        title = path.read_text("utf-8").partition("\n")[0]
        number, _, said = title.removeprefix("# ").partition(". ")
        rows.append(f"- {number}: [{said}]({path.name})")
    return "\n".join(rows)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _page(title: str, *parts: str) -> str:
    lead, head, *rows = parts
    table = "\n".join([head, *rows])
    return f"{NOTE}\n\n# {title}\n\n{lead}\n\n{table}\n"


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/errors/README.md": error_index,
    **{f"docs/reference/errors/{code.value}.md": lambda code=code: error_page(code) for code in Code},
    "docs/reference/settings.md": settings_page,
    "docs/reference/events.md": events_page,
    "docs/reference/http.md": routes_page,
    "docs/reference/models.md": models_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/providers.md": lambda: f"{NOTE}\n\n{providers.page()}",
    "docs/reference/cli.md": cli_page,
    "docs/reference/requirements.md": lambda: f"{NOTE}\n\n{requirements.page()}",
}

SECTIONS: dict[tuple[str, str], Callable[[], str]] = {
    ("docs/concepts/lifecycle.md", "lifecycle"): lifecycle_section,
    ("docs/concepts/dialects.md", "dialects"): providers.wire_table,
    ("docs/decisions/README.md", "decisions"): decisions_section,
    ("README.md", "dialects"): lambda: providers.compact(providers.ENGLISH),
    ("README.zh-CN.md", "dialects"): lambda: providers.compact(providers.CHINESE),
}


def fill(text: str, name: str, content: str) -> str:
    """Put a made section into a page.

    Raises ValueError when the page has no place for it.
    """
    mark = re.compile(rf"(<!-- generated: {re.escape(name)} -->\n).*?(<!-- end generated -->)", re.DOTALL)
    if not mark.search(text):
        msg = f"no place for the generated section `{name}`"
        raise ValueError(msg)
    return mark.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text, count=1)


def wanted(root: Path) -> dict[Path, str]:
    """Give every made page as it should be."""
    texts = {root / name: make() for name, make in PAGES.items()}
    for (name, section), make in SECTIONS.items():
        path = root / name
        texts[path] = fill(texts.get(path) or path.read_text("utf-8"), section, make())
    return texts


def different(root: Path) -> list[Path]:
    """List the made pages whose text is another one."""
    return [
        path for path, text in wanted(root).items() if not path.exists() or path.read_text("utf-8") != text
    ]


def stale(root: Path) -> list[Path]:
    """List the made pages that are not as they should be.

    The page of requirements may lag behind the tests while rows of it are still being built.
    """
    lags = {root / "docs/reference/requirements.md"} if requirements.load(ROOT).pending else set[Path]()
    return [path for path in different(root) if path not in lags]


def main() -> int:
    """Write what is stale, or with `--check` only say it."""
    texts = wanted(ROOT)
    pages = stale(ROOT) if "--check" in sys.argv else different(ROOT)
    for path in pages:
        print(path.relative_to(ROOT))
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
    return 1 if pages and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
