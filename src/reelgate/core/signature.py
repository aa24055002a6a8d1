"""Signatures over callbacks, checked on the bytes as they came. Keys and the time come in as arguments."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import Final

from reelgate.core.dialect import Callback

TOLERANCE_MS: Final = 300_000
"""How old, or how far ahead of our clock, a signed callback may be."""


def is_fresh(seconds: str, now_ms: int) -> bool:
    """Tell whether a time in whole seconds since 1970 is within the tolerance of now."""
    stamp = seconds.strip()
    if re.fullmatch(r"\d{1,12}", stamp, re.ASCII) is None:
        return False
    return abs(int(stamp) * 1_000 - now_ms) <= TOLERANCE_MS


def is_standard_webhook(callback: Callback, secret: str, now_ms: int) -> bool:
    """Check a Standard Webhooks signature: HMAC-SHA256 over `id.timestamp.body`, any one of several `v1` may match."""
    key = _key(secret)
    name = callback.headers.get("webhook-id", "")
    stamp = callback.headers.get("webhook-timestamp", "")
    if not key or not name or not is_fresh(stamp, now_ms):
        return False
    signed = f"{name}.{stamp.strip()}.".encode() + callback.body
    wanted = base64.b64encode(hmac.digest(key, signed, "sha256"))
    given = callback.headers.get("webhook-signature", "").split()[:16]
    return any(hmac.compare_digest(wanted, each[3:].encode()) for each in given if each.startswith("v1,"))


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""
