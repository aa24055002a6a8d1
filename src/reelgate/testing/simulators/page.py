"""The page at `/`, for people: that this is a simulator, what it was asked, and what it would have charged."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from reelgate.testing.simulators.faults import FAULTS

if TYPE_CHECKING:
    from reelgate.testing.simulators.server import Simulator

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    ".banner{background:#b45309;color:#fff;padding:.75rem 1rem;border-radius:.4rem;font-weight:600}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .75rem .25rem 0}"
    "code{background:#0001;padding:0 .25rem}"
)


def page_of(simulator: Simulator) -> str:
    """Write the page."""
    family = simulator.family
    rows = [
        [line.ref, line.verb, line.model, line.prompt[:120], line.seconds, f"{line.micro / 1e6:.2f}"]
        for line in reversed(simulator.bill.lines[-100:])
    ]
    return (
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Simulator: {escape(family.title)}</title>"
        f"<style>{_STYLE}</style><p class=banner>This is a simulator of {escape(family.title)}. "
        "Nothing is generated here, nothing is charged, and every clip is a grey test picture.</p>"
        f"<h1>{escape(family.dialect)}</h1><p>Base address: <code>{escape(simulator.base_url)}</code></p>"
        f"<h2>Bill: {len(simulator.bill)} accepted, {simulator.charged_micro() / 1e6:.2f} (invented prices)</h2>"
        + _table(["id", "verb", "model", "prompt", "seconds", "charged"], rows)
        + "<h2>Faults</h2><p>Ask for one in a prompt: <code>a boat [fault:hang_after_accept]</code></p>"
        + _table(["name", "when", "what"], [[f.name, f.stage.value, f.meaning] for f in FAULTS.values()])
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
