"""What every verb is handed: the rooms below, the clock, the ids and the rules of this installation."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from reelgate.core.clock import Clock
from reelgate.core.dialect import Dialect
from reelgate.core.engine import Engine
from reelgate.core.envelope import Vault
from reelgate.core.ids import Ids
from reelgate.core.profile import Profiles
from reelgate.core.task import Input, Size, Verb
from reelgate.engine.callbacks import Callbacks
from reelgate.engine.leases import Leases
from reelgate.engine.library.shapes import ShapeBook
from reelgate.engine.limits import AllowanceTable
from reelgate.engine.tuning import Tuning
from reelgate.engine.usual import UsualTimes
from reelgate.media.blobs import BlobStore
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.net.mail import Post
from reelgate.store.backend import Backend

if TYPE_CHECKING:
    from reelgate.engine.channels import ChannelTable
    from reelgate.engine.hub import Hub
    from reelgate.engine.rounds import Rounds
    from reelgate.media.renders import Renders

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Ceilings at our own door, in bytes and characters; 0 means unlimited."""

    prompt_max: int = 32_000
    picture_max_bytes: int = 20 * MIB
    video_max_bytes: int = 200 * MIB
    json_max_bytes: int = 28 * MIB
    body_max_bytes: int = 256 * MIB
    inflight_bytes: int = 512 * MIB
    output_max_bytes: int = 2_048 * MIB


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How this installation treats doubt, time and repetition. Times are in seconds."""

    default_model: str = "sora-2"
    submit_attempts: int = 5
    """How often a task refused without a trace is sent again before it fails."""
    breaker_after: int = 5
    """After how many calls in a row without a usable answer a channel is left alone for a while; 0 is never."""
    outage_wait_s: int = 172_800
    """How long a task waits for an upstream that does not answer; 0 is for ever."""
    queue_wait_s: int = 604_800
    """How long a task may wait to be sent, whatever it waits for; 0 is for ever."""
    unconfirmed_timeout_s: int = 900
    late_watch_s: int = 86_400
    """How long after a deadline or an unstopped cancel the upstream is still asked."""
    late_poll_s: int = 600
    retry_window_s: int = 600
    """How long an SDK's own retry is recognised by its parsed fields."""
    idempotency_keep_s: int = 7 * 86_400
    event_keep_s: int = 30 * 86_400
    orphan_grace_s: int = 3_600
    drain_s: float = 20.0
    poll_policy: str = "planned"
    """When jobs are asked about on channels without a policy of their own."""
    schedule_max_s: int = 30 * 86_400
    """How far ahead a start may be scheduled."""
    delivery: Literal["proxy", "redirect"] = "proxy"
    """Whether a clip's bytes go through this server, or a redirect to a short-lived address is answered."""
    delivery_link_s: int = 300
    public_url: str | None = None
    """The address people use, when it is not the one requests come to."""
    trash_keep_s: int = 30 * 86_400
    """How long what was thrown away can be taken back."""
    link_s: int = 86_400
    """How long the address of a clip in an answer opens it without a key."""
    clip_keep_s: int = 0
    """How long finished clips are kept; 0 is for ever."""
    activity_keep_s: int = 180 * 86_400
    webhook_disable_after_s: int = 7 * 86_400
    """After how long of nothing but failures an endpoint is switched off; 0 is never."""
    budget_low_percent: int = 10
    upstream_quota_every_s: int = 900
    """How long the last answer about an upstream account's quota is good; 0 is for ever."""
    upstream_quota_low: int = 10
    """What may be left of it, in its own unit, before operators are told; 0 is nothing."""
    alert_emails: str = ""
    alert_failed_tasks: bool = False


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """The asker as far as the engine cares: whose task, whose money, which door."""

    user_id: str
    project_id: str
    key_id: str | None = None
    surface: str = "openai"
    models: frozenset[str] | None = None
    """The only models they may ask for; None leaves that open."""
    budgeted: bool = False
    """Whether the key has a budget of its own."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a surface read it, before the model's defaults and rules."""

    verb: Verb = Verb.CREATE
    model: str | None = None
    prompt: str = ""
    seconds: int | None = None
    size: Size | None = None
    inputs: tuple[Input, ...] = ()
    parent_id: str | None = None
    characters: tuple[str, ...] = ()
    seed: int | None = None
    negative_prompt: str | None = None
    audio: bool | None = None
    watermark: bool | None = None
    private: bool | None = None
    priority: int | None = None
    start_after: int | None = None
    """Milliseconds since 1970 before which nothing is sent."""
    adapt: bool = False
    """Whether what is not possible may be moved to the nearest that is, with each change told."""
    notify_url: str | None = None
    """Whom to tell when it has ended."""
    extra: dict[str, object] = {}


@dataclass(slots=True, kw_only=True)
class Context:
    """The composition, built once by `app`; no verb reaches for anything that is not in here.

    `limits` and `rules` alone are replaced, as wholes, when somebody changes a setting (`engine.tuning`).
    """

    backend: Backend
    blobs: BlobStore
    renders: Renders
    client: Client
    guard: Guard
    dialects: Mapping[str, Dialect]
    profiles: Mapping[str, Profiles]
    clock: Clock
    ids: Ids
    channels: ChannelTable
    hub: Hub
    rounds: Rounds
    engine: Engine
    vault: Vault
    leases: Leases = field(default_factory=Leases)
    limits: Limits = Limits()
    rules: Rules = Rules()
    allowances: AllowanceTable = field(default_factory=AllowanceTable)
    usual: UsualTimes = field(default_factory=UsualTimes)
    callbacks: Callbacks = field(default_factory=Callbacks)
    shapes: ShapeBook = field(default_factory=ShapeBook)
    post: Post | None = None
    """Where mails are handed in; None when nobody said."""
    random: random.Random = field(default_factory=random.Random)
    tuning: Tuning = field(init=False)

    def __post_init__(self) -> None:
        self.tuning = Tuning(self.limits, self.rules, self.allowances.defaults)
