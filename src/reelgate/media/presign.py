"""Addresses that carry their own permission: AWS Signature Version 4 in the query, with how the answer shall look.

`obstore` signs addresses as well, but cannot ask the store for another file name or type in the answer.
Source: the Amazon S3 API reference, "Authenticating requests: using query parameters".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def presigned(
    url: str,
    *,
    key: str,
    secret: str,
    region: str,
    now: datetime,
    expires_s: int,
    query: Mapping[str, str],
) -> str:
    """Sign a GET of `url`, good for `expires_s` seconds from `now` (UTC), with `query` as part of what is signed."""
    parts = urlsplit(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    asked = {
        **query,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    path = quote(parts.path, safe="/-_.~")
    text = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(asked.items()))
    request = "\n".join(["GET", path, text, f"host:{parts.netloc.lower()}", "", "host", "UNSIGNED-PAYLOAD"])
    to_sign = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = hmac.new(_signing_key(secret, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{parts.scheme}://{parts.netloc}{path}?{text}&X-Amz-Signature={signature}"


def _signing_key(secret: str, scope: str) -> bytes:
    made = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        made = hmac.digest(made, part.encode(), "sha256")
    return made
