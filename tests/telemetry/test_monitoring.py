"""What operators load into Prometheus and Grafana asks only for figures that exist, by labels they have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from reelgate.telemetry import Meter

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
GUIDE = (ROOT / "docs" / "guides" / "monitor.md").read_text("utf-8")

OF_PROMETHEUS = {"up": frozenset({"job", "instance"})}
OF_A_TARGET = frozenset({"job", "instance"})
WORDS = frozenset({"and", "or", "unless", "by", "on", "without", "ignoring", "bool", "offset"})
_MATCHERS = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\s*\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*(?!\s*[\w(])(?=\W|$)")


def exposed() -> dict[str, frozenset[str]]:
    """Every series name with the labels it has."""
    known: dict[str, frozenset[str]] = dict(OF_PROMETHEUS)
    for figure in Meter().figures:
        labels = frozenset(figure.labels) | OF_A_TARGET
        if figure.kind == "histogram":
            known |= {f"{figure.name}_{end}": labels for end in ("sum", "count")}
            known[f"{figure.name}_bucket"] = labels | {"le"}
        else:
            known[figure.name] = labels
    for line in generate_latest(Meter().registry).decode().splitlines():
        if line.startswith("process_"):
            known[line.split(" ")[0]] = OF_A_TARGET
    return known


def problems(expression: str, known: dict[str, frozenset[str]]) -> Iterator[str]:
    """Say what an expression asks for that is not there."""
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    names = _names(plain)
    yield from (f"{name} does not exist" for name in names - known.keys())
    for name, inside in _MATCHERS.findall(plain):
        asked = set(re.findall(r"([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)", inside))
        yield from (f"{name} has no label {label}" for label in asked - known.get(name, frozenset()))
    has = frozenset[str]().union(*(known.get(name, frozenset()) for name in names))
    for inside in _GROUPING.findall(plain):
        asked = {label.strip() for label in inside.split(",") if label.strip()}
        yield from (f"nothing here has the label {label}" for label in asked - has)


def _names(plain: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", _GROUPING.sub(" ", plain))
    bare = re.sub(r"\b\d[\w.]*", " ", bare)
    return {name for name in _NAME.findall(bare) if name not in WORDS}


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))


def asked() -> list[tuple[str, str]]:
    found = [(rule["alert"], rule["expr"]) for rule in rules()]
    for panel in dashboard()["panels"]:
        found += [(panel["title"], target["expr"]) for target in panel.get("targets", ())]
    return found


@pytest.mark.parametrize(("where", "expression"), asked(), ids=lambda value: str(value)[:40])
def test_every_expression_asks_for_what_is_there(where: str, expression: str) -> None:
    assert list(problems(expression, exposed())) == [], where


@pytest.mark.parametrize(
    "expression",
    [
        "rate(reelgate_made_up_total[5m])",
        'reelgate_tasks{colour="red"}',
        "sum by (colour) (reelgate_tasks)",
        "reelgate_submit_seconds > 1",
        "max(reelgate_unconfirmed_tasks) > 0 and reelgate_gone == 1",
    ],
)
def test_an_expression_that_asks_for_something_else_is_found(expression: str) -> None:
    assert list(problems(expression, exposed()))


def test_what_the_reference_lists_is_what_is_exposed() -> None:
    text = generate_latest(Meter().registry).decode()
    helped = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# HELP reelgate_")}
    listed = {figure.name for figure in Meter().figures}

    assert helped == listed


def test_the_alerts_the_requirements_name_are_there() -> None:
    """Shows 001-41, 003-19."""

    expressions = " ".join(rule["expr"] for rule in rules())

    for figure in (
        "reelgate_tasks_ended_total",
        "quota_exhausted",
        "reelgate_unconfirmed_tasks",
        "reelgate_queue_lag_seconds",
        "reelgate_webhook_lag_seconds",
        "reelgate_backup_timestamp_seconds",
    ):
        assert figure in expressions


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_happened_and_what_to_do_and_the_guide_knows_it(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["action"]
    assert rule["labels"]["severity"] in ("page", "warn")
    assert f"`{rule['alert']}`" in GUIDE


def test_panels_have_numbers_of_their_own_and_lie_beside_one_another() -> None:
    panels = dashboard()["panels"]
    taken = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


@pytest.mark.slow
def test_promtool_accepts_the_rules_and_the_configuration(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    for path in FOLDER.glob("*.yml"):
        shutil.copy(path, tmp_path)
    token = tmp_path / "token"
    token.write_text("x")
    config = tmp_path / "prometheus.yml"
    config.write_text(config.read_text().replace("/etc/prometheus/reelgate-token", str(token)))

    for words in (["check", "rules", str(tmp_path / "alerts.yml")], ["check", "config", str(config)]):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
