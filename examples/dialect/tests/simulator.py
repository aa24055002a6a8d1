"""The example's upstream over real HTTP: two routes and its words; jobs, bill, clips and faults come with Reelgate.

`python simulator.py` prints its address as JSON and serves until it is stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import (
    Answer,
    Ask,
    Desk,
    Family,
    Order,
    Refusal,
    Route,
    Script,
    Simulator,
    Why,
    says,
)

KEY = "example-key"
WORDS = {
    Phase.QUEUED: "WAITING",
    Phase.IN_PROGRESS: "RUNNING",
    Phase.COMPLETED: "SUCCESS",
    Phase.FAILED: "FAILED",
    Phase.CANCELLED: "CANCELLED",
}


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job; what is wrong is refused before anything is billed."""
    prompt, model = ask.fields.get("prompt"), ask.fields.get("model")
    if not isinstance(prompt, str) or not isinstance(model, str):
        raise Refusal(Why.INVALID, "`prompt` and `model` are texts.", param="prompt")
    job = desk.accept(Order(prompt=prompt, model=model, seconds="5", fields=ask.fields))
    return says({"id": job.ref, "status": WORDS[Phase.QUEUED]})


def show(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    sight = desk.look(ask.params["ref"])
    job: dict[str, object] = {"id": sight.ref, "status": sight.word(WORDS), "progress": f"{sight.percent}%"}
    if sight.url:
        job["url"] = sight.url
    if sight.trouble is not None:
        job["error"] = {"message": sight.message(), "code": sight.trouble}
    return says(job)


FAMILY = Family(
    dialect="example",
    title="Example",
    model="example-1",
    ref="j{hex}",
    key=KEY,
    routes=(Route("POST", "/jobs", create, "create"), Route("GET", "/jobs/{ref}", show, "poll")),
)


async def _serve() -> None:
    async with Simulator(FAMILY, Script(key=KEY)) as upstream:
        sys.stdout.write(json.dumps({"base_url": upstream.base_url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
