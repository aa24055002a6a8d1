"""Typed settings, from `REELGATE_*` variables, then `reelgate.toml`, then defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from reelgate.core.polling import parse_policy

MIB = 1024 * 1024


class Settings(BaseSettings):
    """How this installation runs. Every field is an environment variable `REELGATE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="REELGATE_", toml_file="reelgate.toml", extra="forbid", frozen=True
    )

    data: Path = Field(Path("reelgate-data"), description="The data folder.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on; 0 picks a free one.")
    public_url: str | None = Field(
        None,
        description="The address people use, when behind a proxy; upstreams are told to call back there.",
    )
    database: str | None = Field(
        None, description="`postgresql://…`; SQLite in the data folder when not set."
    )
    role: Literal["all", "api", "worker"] = Field(
        "all", description="What this process does beside others on PostgreSQL: serve, move tasks, or both."
    )
    worker_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port on which a worker answers `/health`, `/ready` and `/metrics`; none when not set.",
    )
    heartbeat_s: float = Field(
        12.0,
        ge=1,
        le=120,
        description="Seconds of silence after which a worker's tasks are taken over by others (PostgreSQL).",
    )
    key_pepper: str | None = Field(
        None,
        repr=False,
        pattern="^[0-9a-f]{64}$",
        description="What stored keys are digested with, 64 hexadecimal digits, the same for all processes; the file `key-pepper` in the data folder when not set.",
    )
    master_key: str | None = Field(
        None,
        repr=False,
        pattern="^[0-9a-f]{64}(,[0-9a-f]{64})*$",
        description="What stored secrets are sealed under, 64 hexadecimal digits; a former one behind a comma while it is being replaced.",
    )
    master_key_file: Path | None = Field(
        None,
        description="The file that holds it, one key a line; `master-key` in the data folder, made on first use, when not set.",
    )
    net_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses (CIDR or host), comma-separated, that pictures and webhooks may reach although private.",
    )
    registration: Literal["closed", "invite", "open"] = Field(
        "closed", description="Who may make an account: nobody, whoever was invited, anybody."
    )
    jwt_expires_in: str = Field(
        "7d",
        validation_alias=AliasChoices("reelgate_jwt_expires_in", "jwt_expires_in"),
        pattern="^[1-9][0-9]{0,8}[smhd]?$",
        description="How long a token of the native API is good, such as `7d` or `12h`; `JWT_EXPIRES_IN` says the same.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="Addresses or networks, comma-separated, that are believed when they say where a request comes from.",
    )
    oidc_issuer: str | None = Field(
        None, description="The OpenID provider people may sign in at, such as `https://id.example.com`."
    )
    oidc_client_id: str | None = Field(None, description="What this installation is called there.")
    oidc_client_secret: str | None = Field(
        None, repr=False, description="Its secret there; none where the provider asks for PKCE alone."
    )
    oidc_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="E-mail domains, comma-separated, whose people get an account when they first sign in there.",
    )
    oidc_role: Literal["operator", "member", "viewer"] = Field("member", description="What they become.")
    log_format: Literal["auto", "human", "json"] = Field(
        "auto", description="How log lines look; `auto` is `human` on a terminal and `json` elsewhere."
    )
    log_requests: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether each request is logged; `auto` is `on` for `human` lines."
    )
    log_prompts: bool = Field(False, description="Whether prompts may stand in the log.")
    metrics: Literal["loopback", "token", "open", "off"] = Field(
        "loopback",
        description="Who may read `/metrics`: this machine, holders of the token, anybody, nobody.",
    )
    metrics_token: str | None = Field(
        None, min_length=16, description="What `/metrics` asks for as a bearer token."
    )
    metrics_keep_s: float = Field(
        10.0, ge=0, description="Seconds for which figures read from the rows are shown again."
    )
    traces: str | None = Field(
        None,
        description="The OTLP address spans are sent to, such as `http://127.0.0.1:4318/v1/traces`; needs the extra `otel`.",
    )
    traces_share: float = Field(
        1.0, ge=0, le=1, description="Share of traces kept when the caller did not decide."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    default_model: str = Field("sora-2", description="The model when a request names none.")
    prompt_max: int = Field(32_000, ge=0, description="Longest prompt in characters; 0 is unlimited.")
    picture_max_bytes: int = Field(20 * MIB, ge=0, description="Largest picture; 0 is unlimited.")
    video_max_bytes: int = Field(200 * MIB, ge=0, description="Largest uploaded clip; 0 is unlimited.")
    json_max_bytes: int = Field(28 * MIB, ge=0, description="Largest JSON body; 0 is unlimited.")
    body_max_bytes: int = Field(256 * MIB, ge=0, description="Largest request body; 0 is unlimited.")
    inflight_bytes: int = Field(
        512 * MIB, ge=0, description="Bytes of bodies in flight at once; 0 is unlimited."
    )
    output_max_bytes: int = Field(2_048 * MIB, ge=0, description="Largest clip fetched; 0 is unlimited.")
    unconfirmed_timeout_s: int = Field(
        900, ge=1, description="Seconds after which an unconfirmed task ends as `submission_unknown`."
    )
    late_watch_s: int = Field(
        86_400, ge=0, description="Seconds for which work that outlived its task is still asked about."
    )
    poll_policy: str = Field(
        "planned",
        description="When upstreams are asked about running jobs: `planned`, `progress`, `fixed:SECONDS` or `range:LOW-HIGH`; a channel's own policy wins.",
    )
    submit_attempts: int = Field(
        5, ge=1, description="How often a task refused without a trace is sent again."
    )
    breaker_after: int = Field(
        5,
        ge=0,
        description="Calls in a row without a usable answer after which a channel is left alone for a while; 0 is never.",
    )
    outage_wait_s: int = Field(
        172_800,
        ge=0,
        description="Seconds for which a task waits for an upstream that does not answer; 0 is for ever.",
    )
    queue_wait_s: int = Field(
        604_800,
        ge=0,
        description="Seconds a task may wait to be sent, for a free place or for an account to be put in order; then it ends and its money is given back. 0 is for ever.",
    )
    key_requests_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Creating calls a minute of each key without limits of its own; 0 is unlimited.",
    )
    key_calls_per_minute: int = Field(
        0, ge=0, le=1_000_000, description="All calls a minute of each such key; 0 is unlimited."
    )
    key_concurrency: int = Field(
        0, ge=0, le=1_000_000, description="Unfinished videos of each such key at once; 0 is unlimited."
    )
    user_requests_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Creating calls a minute of each user without limits of their own; 0 is unlimited.",
    )
    user_calls_per_minute: int = Field(
        0, ge=0, le=1_000_000, description="All calls a minute of each such user; 0 is unlimited."
    )
    user_concurrency: int = Field(
        0, ge=0, le=1_000_000, description="Unfinished videos of each such user at once; 0 is unlimited."
    )
    schedule_max_s: int = Field(
        30 * 86_400, ge=0, description="Seconds ahead for which the start of a video may be scheduled."
    )
    drain_s: float = Field(20.0, ge=0, le=24, description="Seconds given to work under way when stopping.")
    storage: str = Field(
        "disk",
        description="Where files are kept: `disk` (in the data folder), `file:///folder`, `s3://bucket/prefix?endpoint=…`, `gs://bucket/prefix` or `az://account/container/prefix`.",
    )
    storage_former: str | None = Field(
        None, description="Where files may still lie while they are being moved; only read from."
    )
    storage_key: str | None = Field(
        None, repr=False, description="S3: the access key's id; the vendor's own variables when not set."
    )
    storage_secret: str | None = Field(
        None,
        repr=False,
        description="S3: the secret access key; Azure: the account's key; Google: the service account's JSON.",
    )
    delivery: Literal["proxy", "redirect"] = Field(
        "proxy",
        description="How clips leave: through this server, or by a redirect to a short-lived address of the bucket.",
    )
    delivery_link_s: int = Field(
        300, ge=1, le=604_800, description="Seconds for which such an address is good."
    )
    trash_keep_s: int = Field(
        default=30 * 86_400,
        ge=0,
        description="Seconds for which what was moved to the library's trash can be taken back.",
    )
    link_s: int = Field(
        86_400,
        ge=60,
        le=604_800,
        description="Seconds for which the address of a clip in a relay's answer opens it without a key.",
    )
    smtp_host: str | None = Field(
        None, description="The server mails are handed to; no mail is sent when not set."
    )
    smtp_port: int = Field(587, ge=1, le=65_535, description="Its port.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="How the way to it is protected."
    )
    smtp_user: str | None = Field(None, description="The name to sign in there with.")
    smtp_password: str | None = Field(None, repr=False, description="The password to sign in there with.")
    smtp_from: str = Field("reelgate@localhost", description="Whom mails come from.")
    backups: Path | None = Field(
        None, description="The folder for backups; `backups` in the data folder when not set."
    )
    backup_every_h: float | None = Field(
        None,
        ge=0,
        description="Hours between automatic backups, 0 for none; when not set 24 on SQLite and none on PostgreSQL.",
    )
    backup_keep: int = Field(7, ge=1, description="Automatic backups kept.")
    render_processes: int | None = Field(
        None, ge=1, description="Drawings at once; the number of cores less one when not set."
    )

    @field_validator("net_allow", "oidc_domains", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(v.strip() for v in value.split(",") if v.strip()) if isinstance(value, str) else value

    @field_validator("poll_policy")
    @classmethod
    def _readable_policy(cls, value: str) -> str:
        return str(parse_policy(value))

    @model_validator(mode="after")
    def _token_for_metrics(self) -> Self:
        if self.metrics == "token" and self.metrics_token is None:
            msg = "metrics=token needs metrics_token"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_client_id is None:
            msg = "oidc_issuer needs oidc_client_id"
            raise ValueError(msg)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say where values come from, the strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def jwt_expires_s(self) -> int:
        """How long a token is good, in seconds."""
        text = self.jwt_expires_in
        unit = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}.get(text[-1])
        return int(text) if unit is None else int(text[:-1]) * unit

    @property
    def backup_folder(self) -> Path:
        """Where backups are kept that nobody named a place for."""
        return self.backups or self.data / "backups"

    @property
    def shared(self) -> bool:
        """Whether other processes may work on the same tasks."""
        return not self.database_url.startswith("sqlite")

    @property
    def database_url(self) -> str:
        """The database's address."""
        return self.database or f"sqlite:///{(self.data / 'reelgate.db').absolute()}"


def load(data: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings; a data folder and overrides given here win.

    Raises pydantic.ValidationError naming the setting that is wrong.
    """
    given = dict(overrides or {})
    if data is not None:
        given["data"] = data
    return Settings(**given)


def origin(name: str, given: Mapping[str, Any]) -> str:
    """Tell where a setting's value came from, for `reelgate config`."""
    if name in given:
        return "command line"
    if f"REELGATE_{name.upper()}" in os.environ:
        return f"REELGATE_{name.upper()}"
    return "default or reelgate.toml"


Origin = Literal["environment", "file", "start", "default"]
PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")
SECRET = re.compile(r"secret|password|token|pepper|_key$", re.IGNORECASE)
HIDDEN = "***"


class Fact(NamedTuple):
    """A setting that holds until the next start, as it may be shown."""

    name: str
    value: Any
    origin: Origin
    """Where the value comes from; `start` is whatever started the process, such as an option of a command."""
    about: str


def facts(settings: Settings) -> tuple[Fact, ...]:
    """List every setting in force, secrets left out, in the order of the reference."""
    values = settings.model_dump(mode="json")
    plain = {name: field.get_default() for name, field in Settings.model_fields.items()}
    written = _written()
    return tuple(
        Fact(
            name,
            shown(name, values[name]),
            _origin(settings, name, plain[name], written),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    )


def shown(name: str, value: Any) -> Any:
    """Give a setting's value as it may be shown: no secret, no password inside an address."""
    if value is not None and SECRET.search(name):
        return HIDDEN
    return PASSWORD.sub(rf"\1{HIDDEN}@", value) if isinstance(value, str) else value


def _origin(settings: Settings, name: str, default: Any, written: frozenset[str]) -> Origin:
    value = getattr(settings, name)
    if value == default:
        return "default"
    if f"REELGATE_{name.upper()}" in os.environ or (
        name == "jwt_expires_in" and "JWT_EXPIRES_IN" in os.environ
    ):
        return "environment"
    return "file" if name in written else "start"


def _written() -> frozenset[str]:
    path = Path("reelgate.toml")
    return frozenset(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else frozenset()
