"""Signs callbacks as upstreams do, and checks the tokens that callers sign."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from reelgate.core.words import as_object
from reelgate.testing.simulators.family import Post, Teller


def webhook_secret(secret: str) -> str:
    """Give the `whsec_…` a receiver checks Standard Webhooks callbacks with."""
    return "whsec_" + base64.b64encode(secret.encode()).decode()


def standard_webhook(name: str, event: object, teller: Teller) -> Post:
    """Write a callback signed by Standard Webhooks; `name` stays the same when it is sent again."""
    body, stamp = msgspec.json.encode(event), str(teller.now_ms // 1_000)
    signed = hmac.digest(teller.secret.encode(), f"{name}.{stamp}.".encode() + body, "sha256")
    signature = f"v1,{base64.b64encode(signed).decode()}"
    headers = {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature}
    return Post(body=body, headers=headers)


def ed25519_key(secret: str) -> Ed25519PrivateKey:
    """Derive a signing key from a secret, always the same one."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret.encode()).digest())


def jwks(secret: str) -> dict[str, Any]:
    """Give the public key set that belongs to `ed25519_key`."""
    raw = ed25519_key(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "simulator", "x": text}]}


# Tokens of callers.


def claims_of(token: str) -> dict[str, Any]:
    """Read what a token claims, unchecked; empty for what is no token."""
    parts = token.split(".")
    return _decoded(parts[1]) if len(parts) == 3 else {}


def is_hs256(token: str, key: str) -> bool:
    """Check a token's HMAC-SHA256."""
    head, _, signature = token.rpartition(".")
    wanted = base64.urlsafe_b64encode(hmac.digest(key.encode(), head.encode(), "sha256")).rstrip(b"=")
    return hmac.compare_digest(wanted, signature.encode())


def is_rs256(token: str, pem: str) -> bool:
    """Check a token's RSA signature against the key pair it should come from."""
    head, _, signature = token.rpartition(".")
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        return False
    try:
        key.public_key().verify(_raw(signature), head.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _raw(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _decoded(text: str) -> dict[str, Any]:
    try:
        return as_object(msgspec.json.decode(_raw(text))) or {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
