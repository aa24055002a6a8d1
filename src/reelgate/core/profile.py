"""Facts about a model on a dialect, and the rules that follow from them.

Profiles are data: one TOML file beside each dialect. A request that a profile cannot satisfy is
refused with the allowed values; it is never bent silently.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from reelgate.core.errors import Code, Failure
from reelgate.core.money import Micro, price
from reelgate.core.task import Request, Role, Size, Verb, parse_size


class Span(msgspec.Struct, frozen=True):
    """An inclusive range of whole numbers."""

    min: int
    max: int

    def __contains__(self, value: int) -> bool:
        return self.min <= value <= self.max


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one upstream model can do, what it costs and how long it takes."""

    name: str
    title: str
    """The model's name for people."""
    provider: str
    generative: bool = True
    """False for renderers that draw rather than generate."""
    seconds: tuple[int, ...] = ()
    """Allowed lengths; empty when `seconds_range` says it or nothing is known."""
    seconds_range: Span | None = None
    seconds_default: int = 4
    sizes: tuple[str, ...] = ()
    """Allowed sizes, `WxH`; empty when `size_range` says it or nothing is known."""
    size_range: Span | None = None
    """Allowed length of either side in pixels; both sides are even."""
    size_default: str = "720x1280"
    prompt_max: int = 32_000
    inputs: dict[Role, int] = {}
    """How many inputs of each role it takes; a role not named is refused."""
    verbs: tuple[Verb, ...] = (Verb.CREATE,)
    extend_total_max: int | None = None
    """Longest stitched clip in seconds."""
    audio: bool = False
    """Whether its clips have sound."""
    audio_switch: bool = False
    seed: bool = False
    negative_prompt: bool = False
    watermark: bool = False
    private: bool = False
    characters: int = 0
    """How many characters one request may name."""
    passthrough: bool = False
    """Whether options we do not know are passed to the upstream instead of being refused."""
    price_per_second: Micro = Micro(0)
    price_per_clip: Micro = Micro(0)
    currency: str = "USD"
    usual_seconds: Annotated[int, msgspec.Meta(ge=0)] = 120
    """How long a clip usually takes, until this installation has measured it."""
    deadline_seconds: int = 2_700
    """Hard deadline; 0 means none."""
    poll_seconds: float = 10.0
    sunset: str | None = None
    """The day the model ends, ISO date."""
    source: str = ""
    confidence: str = ""

    @property
    def default_size(self) -> Size:
        """The size used when the caller names none."""
        size = parse_size(self.size_default)
        if size is None:
            msg = f"profile `{self.name}` has an unreadable size_default"
            raise ValueError(msg)
        return size

    def quote(self, seconds: int) -> Micro:
        """Give the price of a clip of `seconds`."""
        return price(self.price_per_second, self.price_per_clip, seconds)


class Profiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The profile file of one dialect."""

    dialect: str
    checked: str
    """The day its facts were last checked, ISO date."""
    tried: Literal["real", "recorded", "no"] = "no"
    """Whether it met its upstream: the real thing, answers recorded on a real server, or neither."""
    model: tuple[Profile, ...] = ()
    fallback: Profile | None = None
    """Stands in for a model this file does not name."""
    samples: dict[str, str] = {}
    """Texts to start a channel from, by name, where the dialect ships some."""

    def exact(self, name: str) -> Profile | None:
        """Give the profile of an upstream model this file names."""
        return next((profile for profile in self.model if profile.name == name), None)

    def find(self, name: str) -> Profile | None:
        """Give the profile of an upstream model, or the fallback under that name."""
        found = self.exact(name)
        if found is not None or self.fallback is None:
            return found
        return msgspec.structs.replace(self.fallback, name=name, title=name)


def parse_profiles(toml: str) -> Profiles:
    """Read a profile file.

    Raises msgspec.ValidationError naming the key that is wrong.
    """
    return msgspec.convert(tomllib.loads(toml), Profiles, strict=True)


def objections(request: Request, profile: Profile) -> list[Failure]:
    """List everything about `request` that the model cannot do, each naming its parameter and the allowed values."""
    found: list[Failure] = []

    def object_to(param: str, message: str) -> None:
        found.append(Failure(code=Code.INVALID_REQUEST, message=message, param=param))

    if request.verb not in profile.verbs:
        object_to("model", f"Model `{request.model}` does not offer {request.verb.value}.")
    if not request.prompt.strip():
        object_to("prompt", "`prompt` must not be empty.")
    if "\0" in request.prompt:
        object_to("prompt", "`prompt` holds a NUL character.")
    if len(request.prompt) > profile.prompt_max:
        object_to(
            "prompt",
            f"`prompt` has {len(request.prompt)} characters; `{request.model}` takes at most {profile.prompt_max}.",
        )
    _check_seconds(request, profile, object_to)
    _check_size(request, profile, object_to)
    _check_inputs(request, profile, object_to)
    _check_switches(request, profile, object_to)
    if not profile.passthrough:
        for name in request.extra:
            object_to(name, f"Unknown parameter `{name}`.")
    return found


def _check_switches(request: Request, profile: Profile, object_to: Callable[[str, str], None]) -> None:
    for name, given, offered in (
        ("seed", request.seed is not None, profile.seed),
        ("negative_prompt", request.negative_prompt is not None, profile.negative_prompt),
        ("audio", request.audio is not None, profile.audio_switch),
        ("watermark", request.watermark is not None, profile.watermark),
        ("private", request.private is not None, profile.private),
    ):
        if given and not offered:
            object_to(name, f"Model `{request.model}` does not take `{name}`.")


def _check_seconds(request: Request, profile: Profile, object_to: Callable[[str, str], None]) -> None:
    if profile.seconds and request.seconds not in profile.seconds:
        allowed = ", ".join(str(s) for s in profile.seconds)
        object_to("seconds", f"`seconds` is {request.seconds}; `{request.model}` takes one of {allowed}.")
    span = profile.seconds_range
    if span is not None and request.seconds not in span:
        object_to(
            "seconds",
            f"`seconds` is {request.seconds}; `{request.model}` takes {span.min} to {span.max}.",
        )
    longest = profile.extend_total_max
    if request.verb is Verb.EXTEND and longest is not None and request.total_seconds > longest:
        object_to(
            "seconds",
            f"The stitched clip would be {request.total_seconds} s; `{request.model}` takes at most {longest} s.",
        )


def _check_size(request: Request, profile: Profile, object_to: Callable[[str, str], None]) -> None:
    size = request.size
    if profile.sizes and str(size) not in profile.sizes:
        object_to("size", f"`size` is {size}; `{request.model}` takes one of {', '.join(profile.sizes)}.")
    span = profile.size_range
    if span is None:
        return
    if size.width not in span or size.height not in span or size.width % 2 or size.height % 2:
        object_to(
            "size",
            f"`size` is {size}; `{request.model}` takes even sides of {span.min} to {span.max} pixels.",
        )


def _check_inputs(request: Request, profile: Profile, object_to: Callable[[str, str], None]) -> None:
    if not request.inputs:
        return
    plain = [i for i in request.inputs if i.character_id is None]
    for role in Role:
        given = sum(1 for i in plain if i.role is role)
        allowed = profile.inputs.get(role, 0)
        if given > allowed:
            param = "video" if role is Role.SOURCE_VIDEO else "input_reference"
            object_to(
                param,
                f"{given} inputs of role {role.value}; `{request.model}` takes {allowed or 'none'}.",
            )
    named = len({i.character_id for i in request.inputs if i.character_id is not None})
    if named > profile.characters:
        object_to(
            "characters",
            f"{named} characters; `{request.model}` takes {profile.characters or 'none'}.",
        )
