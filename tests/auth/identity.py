"""An OpenID provider as far as signing in needs one, asked by function call; it signs with a key of its own."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from reelgate.core.clock import Clock
from reelgate.core.dialect import NoReply, Reply

ISSUER = "https://id.example.com"
CLIENT = "reelgate-client"
SECRET = "between us"


class Identity:
    """Plays the provider; attributes say what it does wrong."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.issuer = ISSUER
        self.person: dict[str, Any] = {"sub": "sub-1", "email": "ada@example.com", "email_verified": True}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.silent = False
        self.asked: list[str] = []
        self.signs_with: Any = None
        self.algorithm = "ES256"
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate()

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.key = ECKey.generate_key("P-256", {"kid": f"k{len(self.asked)}", "use": "sig"})

    def sign_in(self, url: str) -> tuple[str, str]:
        """Play the person at the provider; gives the code and the state the browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return code, query["state"]

    async def fetch(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply | NoReply:
        """Answer a question of ours."""
        self.asked.append(url)
        if self.silent:
            return NoReply(sent=False, reason="no route to host")
        match urlsplit(url).path:
            case "/.well-known/openid-configuration":
                return _json(self._metadata())
            case "/keys":
                return _json(KeySet([self.key]).as_dict(private=False))
            case "/token":
                return self._token(headers, body or b"")
            case _:
                return Reply(status=404, headers={}, body=b"")

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.metadata,
        }

    def _token(self, headers: Mapping[str, str], body: bytes) -> Reply:
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = self._codes.pop(fields["code"], None)
        pair = b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        proof = urlsafe_b64encode(hashlib.sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=")
        good = (
            asked is not None
            and pair == f"{CLIENT}:{SECRET.replace(' ', '%20')}"
            and proof.decode() == asked["code_challenge"]
            and fields["redirect_uri"] == asked["redirect_uri"]
        )
        if not good or asked is None:
            return Reply(status=400, headers={}, body=b'{"error":"invalid_grant"}')
        now = self.clock.now_ms() // 1000
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            **self.person,
            **self.claims,
        }
        key = self.signs_with or self.key
        head = {"alg": self.algorithm, "kid": key.kid}
        token = jwt.encode(head, claims, key, algorithms=[self.algorithm])
        return _json({"id_token": token, "access_token": "at", "token_type": "Bearer"})


def _json(value: Any) -> Reply:
    return Reply(status=200, headers={"content-type": "application/json"}, body=json.dumps(value).encode())
