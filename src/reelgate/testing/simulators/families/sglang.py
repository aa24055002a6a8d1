"""SGLang Diffusion: a job stays queued until its end, a delete marks it and stops nothing, the disk shows through."""

from __future__ import annotations

from typing import Any, Final

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import Answer, Ask, Desk, Family, Order, Refusal, Says, Sight, Why, says
from reelgate.testing.simulators.shape import WORDS, Shape, models, order_of, view

MODEL: Final = "Wan-AI/Wan2.1-T2V-14B-Diffusers"
_WORDS: Final = {**WORDS, Phase.IN_PROGRESS: "queued"}


def sglang_view(sight: Sight) -> dict[str, Any]:
    """Write a job: no prompt, no progress before the end, an error without a code, a place on the disk."""
    seen = view(sight, _WORDS)
    seen |= {
        "progress": 100 if sight.phase is Phase.COMPLETED else 0,
        "error": {"message": sight.message()} if sight.trouble is not None else None,
        "file_path": f"/simulator/outputs/{sight.ref}.mp4" if sight.has_clip else None,
        "seconds": int(float(sight.job.order.seconds)),
    }
    return {name: value for name, value in seen.items() if name not in {"prompt", "remixed_from_video_id"}}


def order(ask: Ask) -> Order:
    """Read a create; a length that is no whole number is refused."""
    seconds = ask.fields.get("seconds", 4)
    if isinstance(seconds, bool) or not str(seconds).isdecimal():
        raise Refusal(Why.INVALID, "Input should be a valid integer", param="seconds")
    return order_of(ask)


class Sglang(Shape, frozen=True, kw_only=True):
    """The shape, with a delete that answers with the job."""

    def delete(self, desk: Desk, ask: Ask) -> Answer:
        """Mark a job as deleted; the work on it goes on."""
        body = sglang_view(desk.glance(desk.job(ask.params["ref"])))
        desk.forget(ask.params["ref"])
        return says(body | {"status": "deleted"})


def refuse(refusal: Refusal) -> Says:
    """Write a refusal as FastAPI does."""
    return says({"detail": refusal.message}, refusal.status)


FAMILIES: Final = (
    Family(
        dialect="sglang",
        title="SGLang Diffusion",
        base="/v1",
        model=MODEL,
        ref="{uuid}",
        routes=(
            *Sglang(view=sglang_view, order=order).routes("create", "list", "poll", "content", "delete"),
            models("/v1", MODEL),
        ),
        refuse=refuse,
        second_micro=0,
    ),
)
