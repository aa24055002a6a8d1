"""How a model is shown on every surface: what it can do, what it costs, how long it takes and when it ends."""

from __future__ import annotations

from typing import Any

from reelgate.core.effective import aspect_ratios
from reelgate.core.money import show
from reelgate.core.profile import Profile, Span
from reelgate.core.retire import Sunset, headers_of, http_date
from reelgate.engine.context import Context
from reelgate.engine.models import ModelCard, UsualTime, sunset_of_name


def abilities(profile: Profile, usual: UsualTime | None = None) -> dict[str, Any]:
    """Say what a model can do; None stands for what nobody knows."""
    return {
        "title": profile.title,
        "generative": profile.generative,
        "verbs": [verb.value for verb in profile.verbs],
        "seconds": allowed(list(profile.seconds), profile.seconds_range),
        "seconds_default": profile.seconds_default,
        "sizes": allowed(list(profile.sizes), profile.size_range),
        "size_default": profile.size_default,
        "aspect_ratios": aspect_ratios(profile),
        "inputs": {role.value: count for role, count in profile.inputs.items()},
        "characters": profile.characters,
        "audio": profile.audio,
        "audio_switch": profile.audio_switch,
        "seed": profile.seed,
        "negative_prompt": profile.negative_prompt,
        "watermark": profile.watermark,
        "private": profile.private,
        "prompt_max": profile.prompt_max,
        "price": price(profile),
        "usual_seconds": profile.usual_seconds,
        "usual": None if usual is None else usual_time(usual),
    }


def allowed(values: list[Any], span: Span | None) -> list[Any] | dict[str, int] | None:
    """Say which values are taken; None when nothing is known."""
    if values:
        return values
    return None if span is None else {"min": span.min, "max": span.max}


def price(profile: Profile) -> dict[str, Any] | None:
    """Say what a model costs as far as is known; None when nothing is."""
    if not profile.price_per_second and not profile.price_per_clip:
        return None if profile.generative else {"per_second": "0.00", "per_clip": "0.00", "currency": "USD"}
    return {
        "per_second": show(profile.price_per_second),
        "per_clip": show(profile.price_per_clip),
        "currency": profile.currency,
    }


def usual_time(usual: UsualTime) -> dict[str, Any]:
    """Say how many seconds a model takes, and how that is known."""
    return {"p50": usual.p50, "p90": usual.p90, "source": usual.source, "clips": usual.clips}


def sunset(found: Sunset | None) -> dict[str, Any] | None:
    """Say when a model ends."""
    if found is None:
        return None
    return {
        "day": found.day,
        "at": http_date(found.ends_at),
        "days_left": found.days_left,
        "state": found.state,
    }


def model(card: ModelCard, usual: UsualTime | None) -> dict[str, Any]:
    """Show a model as an OpenAI model object with what it can do beside."""
    return {
        "id": card.id,
        "object": "model",
        # The schema wants a time; nobody knows one, and 0 says so.
        "created": 0,
        "owned_by": card.provider,
        "alias_of": card.alias_of,
        "shutdown_date": None if card.sunset is None else card.sunset.day,
        "sunset": sunset(card.sunset),
        "video": abilities(card.profile, usual),
    }


def ending_headers(ctx: Context, name: str) -> dict[str, str]:
    """Give the headers that say that a model ends; none for one that does not."""
    found = sunset_of_name(ctx, name)
    return {} if found is None else headers_of(found)
