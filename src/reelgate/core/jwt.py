"""Short-lived bearer tokens signed with a channel's key. The time comes in as an argument."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def hs256(claims: Mapping[str, Any], key: str) -> str:
    """Sign claims with HMAC-SHA256."""
    head = _head({"alg": "HS256", "typ": "JWT"}, claims)
    return f"{head}.{_text(hmac.digest(key.encode(), head.encode(), 'sha256'))}"


def rs256(claims: Mapping[str, Any], pem: str, key_id: str) -> str | None:
    """Sign claims with an RSA key; None when `pem` holds none."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPrivateKey):
        return None
    head = _head({"alg": "RS256", "typ": "JWT", "kid": key_id}, claims)
    return f"{head}.{_text(key.sign(head.encode(), PKCS1v15(), SHA256()))}"


def _head(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return f"{_text(msgspec.json.encode(header))}.{_text(msgspec.json.encode(claims))}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
