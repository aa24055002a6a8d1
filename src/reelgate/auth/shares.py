"""Share links: one item, shown to whoever has the link and, where there is one, its password."""

from __future__ import annotations

import hmac
import re
from typing import Final

from reelgate.auth.access import PER_ACCOUNT, PER_ADDRESS, Access, forgive, network_of, throttle
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.store import library_shares as share_rows
from reelgate.store.library_shares import Share

PASS_S: Final = 12 * 3_600
"""How long a password that was typed opens the files, in seconds."""
PASSWORD_MIN: Final = 4
PASSWORD_MAX: Final = 200
_TOKEN: Final = re.compile(r"[0-9a-z]{52}", re.ASCII)
_PASS: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


async def make(
    access: Access,
    *,
    item_id: str,
    project_id: str,
    user_id: str,
    expires_at: int | None,
    password: str | None,
    hide_prompt: bool,
) -> tuple[Share, str]:
    """Make a link to an item; gives it and its secret, which is told this once.

    Raises CallerError naming what cannot be.
    """
    now = access.clock.now_ms()
    if expires_at is not None and expires_at <= now:
        raise refuse(Code.INVALID_REQUEST, "`expires_at` has passed already.", param="expires_at")
    if password is not None and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`password` must have {PASSWORD_MIN} to {PASSWORD_MAX} characters.",
            param="password",
        )
    token = access.ids.token()
    share = Share(
        id=access.ids.new("share"),
        item_id=item_id,
        project_id=project_id,
        user_id=user_id,
        digest=access.digest(token),
        password=None if password is None else await access.passwords.digest(password),
        hide_prompt=hide_prompt,
        opened=0,
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
    )
    await access.backend.write(lambda conn: share_rows.add_share(conn, share))
    return share, token


async def find(access: Access, token: str) -> Share:
    """Give the link with a secret.

    Raises CallerError `not_found` for one that never was, has ended, or was taken back: all look the same.
    """
    digest = access.digest(token) if _TOKEN.fullmatch(token) else ""
    share = await access.backend.point(lambda conn: share_rows.share_by_digest(conn, digest))
    now = access.clock.now_ms()
    if (
        share is None
        or share.revoked_at is not None
        or (share.expires_at is not None and share.expires_at <= now)
    ):
        raise refuse(Code.NOT_FOUND, "This link does not exist, or it has ended.")
    return share


def opens(access: Access, share: Share, given: str | None) -> bool:
    """Tell whether a link is open to somebody who shows what `enter` gave."""
    if share.password is None:
        return True
    found = _PASS.fullmatch(given or "")
    if found is None:
        return False
    genuine = hmac.compare_digest(_mac(access, share, int(found[1])), found[2])
    return genuine and access.clock.now_ms() < int(found[1]) * 1000


async def enter(access: Access, share: Share, password: str, address: str) -> str:
    """Check a password, a few times a minute; gives what opens the link for some hours.

    Raises CallerError naming `password`, or `rate_limited`.
    """
    await throttle(
        access,
        {f"share:{share.id}": PER_ACCOUNT, f"share:address:{network_of(address)}": PER_ADDRESS},
    )
    if not await access.passwords.check(share.password, password[: PASSWORD_MAX + 1]):
        raise CallerError(
            Failure(code=Code.PERMISSION_OR_CHANNEL, message="That is not the password.", param="password")
        )

    await forgive(access, {f"share:{share.id}": PER_ACCOUNT})
    until_s = access.clock.now_ms() // 1000 + PASS_S
    return f"{until_s}.{_mac(access, share, until_s)}"


def _mac(access: Access, share: Share, until_s: int) -> str:
    return access.derived("share", f"{share.id}:{until_s}")


async def count(access: Access, share: Share) -> None:
    """Count that somebody opened a link."""
    await access.backend.write(lambda conn: share_rows.count_opening(conn, share.id))


async def revoke(access: Access, share_id: str, item_id: str, project_id: str, now: int) -> bool:
    """Take a link back; False when there is none of the project's."""
    return await access.backend.write(
        lambda conn: share_rows.revoke(conn, share_id, item_id, project_id, now)
    )
