"""Buckets by address: `s3://bucket/prefix?endpoint=…`, `gs://bucket/prefix`, `az://account/container/prefix`.

Who may use a bucket is never part of its address, so that an address can be shown and logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Vendor = S3Store | GCSStore | AzureStore

Kind = Literal["s3", "gs", "az"]
_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "s3": frozenset({"endpoint", "region", "style", "public"}),
    "gs": frozenset({"endpoint"}),
    "az": frozenset({"endpoint"}),
}


class AddressError(ValueError):
    """Raised when a storage address cannot be used; says what is wrong with it."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are to a store; where a part is missing, the vendor's own variables and instance roles are used."""

    key: str | None = None
    """S3: the access key's id."""
    secret: str | None = None
    """S3: the secret access key; Azure: the account's key; Google: the service account's JSON."""

    def __repr__(self) -> str:
        return "Credentials(…)"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a store may take, in seconds."""

    connect_s: float = 5.0
    answer_s: float = 15.0
    """Until it has begun to answer a question or a read, all tries together."""
    silence_s: float = 30.0
    """Between two pieces of a file that is being read."""
    upload_s: float = 180.0
    """Until it has taken one part of a file."""
    tries: int = 3


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A storage address, read."""

    kind: Kind
    name: str
    account: str = ""
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    virtual: bool = False
    """The bucket is part of the host's name instead of the path."""
    public: str | None = None
    """The endpoint as clients reach it, when that is not how this server does."""

    @property
    def address(self) -> str:
        """Write it as it was read; there is no secret in it."""
        where = "/".join(part for part in (self.account, self.name, self.prefix) if part)
        given = {
            "endpoint": self.endpoint,
            "region": self.region if self.region != "us-east-1" else None,
            "style": "virtual" if self.virtual else None,
            "public": self.public,
        }
        asked = urlencode({name: value for name, value in given.items() if value}, safe=":/")
        return f"{self.kind}://{where}{f'?{asked}' if asked else ''}"

    def url_of(self, key: str) -> str:
        """Give the address of an object at an S3 store, as clients reach it."""
        inside = f"{self.prefix}/{key}" if self.prefix else key
        endpoint = (self.public or self.endpoint or "").rstrip("/")
        if not endpoint:
            host = f"s3.{self.region}.amazonaws.com"
            return (
                f"https://{self.name}.{host}/{inside}"
                if self.virtual
                else f"https://{host}/{self.name}/{inside}"
            )
        return f"{endpoint}/{inside}" if self.virtual else f"{endpoint}/{self.name}/{inside}"


def read_address(text: str) -> Bucket:
    """Read a storage address.

    Raises AddressError saying what is wrong with it.
    """
    parts = urlsplit(text)
    kind: Any = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "azure": "az"}.get(
        parts.scheme
    )
    if kind is None:
        raise AddressError(
            "a storage address is `disk`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://account/container/prefix`"
        )
    if "@" in parts.netloc:
        raise AddressError(
            "credentials do not belong in a storage address; use `storage_key` and `storage_secret`"
        )
    options = dict(parse_qsl(parts.query))
    unknown = sorted(options.keys() - _OPTIONS[kind])
    if unknown:
        known = ", ".join(sorted(_OPTIONS[kind]))
        raise AddressError(f"a `{kind}://` address does not take `{unknown[0][:40]}`; it takes {known}")
    account, name, prefix = _names(kind, parts.netloc, parts.path.strip("/"))
    return Bucket(
        kind=kind,
        name=name,
        account=account,
        prefix=prefix,
        endpoint=_endpoint(options.get("endpoint")),
        region=options.get("region", "us-east-1"),
        virtual=options.get("style") == "virtual",
        public=_endpoint(options.get("public")),
    )


def _names(kind: Kind, host: str, path: str) -> tuple[str, str, str]:
    if kind != "az":
        if not host:
            raise AddressError(f"a `{kind}://` address names a bucket")
        return "", host, path
    container, _, prefix = path.partition("/")
    if not host or not container:
        raise AddressError(
            "an `az://` address names an account and a container: `az://account/container/prefix`"
        )
    return host, container, prefix


def _endpoint(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise AddressError("an endpoint is an address like `https://host:port` without user or query")
    return text.rstrip("/")


def open_bucket(bucket: Bucket, who: Credentials, patience: Patience, *, silence_s: float) -> Vendor:
    """Make the client of a bucket; nothing is dialled yet.

    Raises AddressError when the vendor's library refuses the settings.
    """
    from obstore.exceptions import BaseError  # noqa: PLC0415 (a disk needs none of this)

    plain = (bucket.endpoint or "").startswith("http://")
    client: Any = {
        "allow_http": plain,
        "connect_timeout": timedelta(seconds=patience.connect_s),
        "read_timeout": timedelta(seconds=silence_s),
        # A whole request may take as long as a slow client takes to download; silence is what is bounded.
        "timeout": timedelta(days=1),
    }
    retry: Any = {
        "max_retries": patience.tries,
        "retry_timeout": timedelta(seconds=silence_s),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }
    try:
        return _OPENERS[bucket.kind](bucket, who, {"client_options": client, "retry_config": retry})
    except (BaseError, ValueError) as error:
        raise AddressError(str(error).splitlines()[0]) from None


def _open_s3(bucket: Bucket, who: Credentials, how: Mapping[str, Any]) -> S3Store:
    from obstore.store import S3Store  # noqa: PLC0415

    config: Any = {
        "region": bucket.region,
        "virtual_hosted_style_request": bucket.virtual,
        # One request an object: the bulk form is what compatible stores lack.
        "disable_bulk_delete": True,
    }
    if bucket.endpoint:
        config["endpoint"] = bucket.endpoint
    if who.key and who.secret:
        config |= {"access_key_id": who.key, "secret_access_key": who.secret}
    return S3Store(bucket.name, prefix=bucket.prefix or None, config=config, **how)


def _open_gs(bucket: Bucket, who: Credentials, how: Mapping[str, Any]) -> GCSStore:
    from obstore.store import GCSStore  # noqa: PLC0415

    config: Any = {}
    if bucket.endpoint:
        config["base_url"] = bucket.endpoint
    if who.secret:
        config["service_account_key"] = who.secret
    return GCSStore(bucket.name, prefix=bucket.prefix or None, config=config, **how)


def _open_az(bucket: Bucket, who: Credentials, how: Mapping[str, Any]) -> AzureStore:
    from obstore.store import AzureStore  # noqa: PLC0415

    config: Any = {"account_name": bucket.account}
    if bucket.endpoint:
        config["endpoint"] = bucket.endpoint
    if who.secret:
        config["account_key"] = who.secret
    return AzureStore(bucket.name, prefix=bucket.prefix or None, config=config, **how)


_OPENERS: Final[Mapping[str, Any]] = {"s3": _open_s3, "gs": _open_gs, "az": _open_az}
