"""Fake upstreams over real HTTP: one simulator for each dialect, stateful, with a bill, quirks and faults.

    async with simulator("juxin_unified", Script(run_s=2, faults=("drop_after_accept@1",))) as upstream:
        ...  # a channel with `base_url=upstream.base_url, self_hosted=True` speaks to it
        assert len(upstream.bill) == 1

What is shared by all: the book of jobs (`book`), the bill (`reelgate.testing.upstream.jobs.Bill`), the
faults (`faults`), clips that play, callbacks (`callbacks`), the page at `/`. A family only maps HTTP to
the book and back. Every answer carries `X-Reelgate-Simulator: <dialect>` and `Server: reelgate-simulator/…`.

How to add a family: one module in `families/`, named after its dialect, found by itself.

    def create(desk: Desk, ask: Ask) -> Answer:
        job = desk.accept(Order(prompt=str(ask.fields.get("prompt", "")), model=…, seconds=…, fields=ask.fields))
        return says({"task_id": job.ref})

    def poll(desk: Desk, ask: Ask) -> Answer:
        sight = desk.look(ask.params["ref"])
        return says({"task_id": sight.ref, "status": sight.word(WORDS), "url": sight.url or None})

    FAMILIES: Final = (
        Family(
            dialect="…", title="…", base="/v1", routes=(
                Route("POST", "/v1/things", create, "create"),
                Route("GET", "/v1/things/{ref}", poll, "poll"),
            ),
        ),
    )

- A handler is a plain or an async function of `(Desk, Ask)`; it gives `says(json)`, `web_page()`,
  `desk.clip(ref)` (the bytes, for third calls and `/content`) or a `Stream`. Wrong input:
  `raise Refusal(Why.INVALID, "…", param="size")`, *before* `desk.accept`, which bills.
- `Order` holds what the create asks for. `token` (with `desk.named(token)`), `ref` and `callback` only where
  that wire has them; where an upstream knows a token again, look it up before accepting.
- `Sight` is how a job stands now: `phase`, `percent` (or `share`), `has_clip`, `url` (needs no key),
  `trouble` and `message()`, `word(WORDS)` for the family's status words, by `Phase`. Never work a phase out
  otherwise: faults live in there. `phase` COMPLETED without `has_clip` happens; write it as the upstream would.
- `Family.refuse` writes a `Refusal` in the upstream's envelope (`openai_error` unless told otherwise), HTTP 200
  included where that is how it speaks. `Why.NO_ROUTE` is a wrong path: relays answer with `web_page()`.
- `Family.admits` checks a key (`bearer` unless told otherwise), `settings` and `key` make a channel work,
  `tell` writes callbacks (signed with `Teller.secret` where the upstream signs), `refunds`, `second_micro`, `clip_micro` the bill.
- Lists: `desk.all_jobs()`. Cancel: `desk.cancel(ref)`; forgetting without stopping: `desk.forget(ref)`.
  Anything else a family keeps: `desk.notes`. A word asked of the caller first (challenge): `await desk.post(…)`.

Then `tests/testing/simulators/` runs the conformance suite's round trip and faults against it by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from reelgate.testing.simulators import families as _home
from reelgate.testing.simulators.book import Job, Order, Sight
from reelgate.testing.simulators.desk import Desk
from reelgate.testing.simulators.family import (
    Answer,
    Ask,
    Clip,
    Family,
    Post,
    Refusal,
    Route,
    Says,
    Stream,
    Teller,
    Why,
    bearer,
    in_header,
    openai_error,
    says,
    web_page,
)
from reelgate.testing.simulators.server import Called, Script, Simulator

__all__ = [
    "Answer",
    "Ask",
    "Called",
    "Clip",
    "Desk",
    "Family",
    "Job",
    "Order",
    "Post",
    "Refusal",
    "Route",
    "Says",
    "Script",
    "Sight",
    "Simulator",
    "Stream",
    "Teller",
    "Why",
    "bearer",
    "families",
    "in_header",
    "openai_error",
    "says",
    "simulator",
    "web_page",
]


@cache
def families() -> Mapping[str, Family]:
    """Give every family by its dialect."""
    found: dict[str, Family] = {}
    for module in pkgutil.iter_modules(_home.__path__, f"{_home.__name__}."):
        for family in getattr(importlib.import_module(module.name), "FAMILIES", ()):
            found[family.dialect] = family
    return dict(sorted(found.items()))


def simulator(dialect: str, script: Script | None = None, **more: Any) -> Simulator:
    """Make the simulator of a dialect's upstream. Raises KeyError for a dialect without one."""
    return Simulator(families()[dialect], script, **more)
