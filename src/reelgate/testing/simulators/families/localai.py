"""LocalAI: one call that takes as long as the clip does, and an answer that says where the file is."""

from __future__ import annotations

from typing import Final

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import Answer, Ask, Desk, Family, Order, Refusal, Route, Says, Why, says
from reelgate.testing.simulators.shape import code_of, models

MODEL: Final = "wan-2.1-t2v"


async def create(desk: Desk, ask: Ask) -> Answer:
    """Make the clip, then answer."""
    given = ask.fields
    job = desk.accept(
        Order(
            prompt=str(given.get("prompt") or ""),
            model=str(given.get("model") or MODEL),
            seconds=str(given.get("seconds") or 4),
            size=f"{given.get('width') or 512}x{given.get('height') or 512}",
            fields=given,
        )
    )
    if desk.struck_after() is not None:
        return says({})
    sight = desk.glance(job)
    async for seen in desk.watch(job):
        sight = seen
    if sight.phase is not Phase.COMPLETED or sight.trouble is not None:
        message = f"rpc error: code = Unknown desc = {sight.message()}"
        return says({"error": {"code": 500, "message": message, "type": ""}}, 500)
    data = [{"url": sight.url}] if sight.has_clip else []
    return says({"created": sight.now_ms // 1_000, "id": job.ref, "data": data})


def refuse(refusal: Refusal) -> Says:
    """Write an error with its HTTP status for a code, except where a word is known."""
    code = code_of(refusal) if refusal.why in {Why.MODERATED, Why.KEY} else refusal.status
    return says({"error": {"code": code, "message": refusal.message, "type": ""}}, refusal.status)


FAMILIES: Final = (
    Family(
        dialect="localai",
        title="LocalAI",
        model=MODEL,
        ref="b64{number}",
        routes=(Route("POST", "/video", create, "create"), models("/v1", MODEL)),
        refuse=refuse,
        second_micro=0,
        at_once=True,
    ),
)
