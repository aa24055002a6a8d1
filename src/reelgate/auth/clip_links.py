"""Links to one clip that open it without a key for a while.

Code written for relays fetches a clip by the address in the answer and sends no key there. A link says
which video it opens and until when, under the installation's pepper; it opens nothing else and cannot
be made longer.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

_SIG: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


class ClipLinks:
    """Makes and checks the signature in the address of a clip."""

    def __init__(self, pepper: bytes) -> None:
        self._key = hmac.digest(pepper, b"reelgate clip links", "sha256")

    def sign(self, video_id: str, until_s: int) -> str:
        """Give the signature that opens a video's files until a moment, in Unix seconds."""
        return f"{until_s}.{self._mac(video_id, until_s)}"

    def opens(self, video_id: str, sig: str, now_ms: int) -> bool:
        """Tell whether a signature opens a video's files now, in a time that says nothing of how wrong it is."""
        found = _SIG.fullmatch(sig)
        if found is None:
            return False
        until_s = int(found[1])
        genuine = hmac.compare_digest(self._mac(video_id, until_s), found[2])
        return genuine and now_ms < until_s * 1000

    def _mac(self, video_id: str, until_s: int) -> str:
        return hmac.new(self._key, f"{video_id}:{until_s}".encode(), "sha256").hexdigest()
