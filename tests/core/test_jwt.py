"""Tokens that anybody with the key can check."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from reelgate.core import jwt

CLAIMS = {"iss": "key-1", "exp": 1_762_001_800}


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def read(token: str) -> tuple[dict[str, object], dict[str, object], bytes, bytes]:
    head, claims, mark = token.split(".")
    raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (head, claims, mark)]
    return json.loads(raw[0]), json.loads(raw[1]), raw[2], f"{head}.{claims}".encode()


def test_a_shared_key_signs_the_claims():
    token = jwt.hs256(CLAIMS, "secret")
    head, claims, mark, signed = read(token)

    assert (head, claims) == ({"alg": "HS256", "typ": "JWT"}, CLAIMS)
    assert mark == hmac.digest(b"secret", signed, "sha256")
    assert "=" not in token


def test_an_rsa_key_signs_the_claims_and_names_itself():
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    token = jwt.rs256(CLAIMS, pem(key), "kid-1")
    assert token is not None
    head, claims, mark, signed = read(token)

    assert (head, claims) == ({"alg": "RS256", "typ": "JWT", "kid": "kid-1"}, CLAIMS)
    key.public_key().verify(mark, signed, padding.PKCS1v15(), SHA256())
    assert jwt.rs256(CLAIMS, pem(key), "kid-1") == token


@pytest.mark.parametrize("text", ["", "nonsense", pem(ed25519.Ed25519PrivateKey.generate())])
def test_what_is_no_rsa_key_signs_nothing(text):
    assert jwt.rs256(CLAIMS, text, "kid-1") is None
