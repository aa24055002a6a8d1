"""Invariants: what must hold after every fault, checked by the same code in production and in the fault suite."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from reelgate.engine.context import Context
from reelgate.store import blobs as blob_rows
from reelgate.store import invariants as row_invariants
from reelgate.store.invariants import Violation

CHUNK = 1024 * 1024


async def check(ctx: Context, *, deep: bool = True) -> list[Violation]:
    """List every violation in rows and files; `deep` also hashes every stored file."""
    found = await ctx.backend.read(row_invariants.violations)
    rows = await ctx.backend.read(blob_rows.all_blobs)
    files = dict(ctx.blobs.names())
    for blob in rows:
        size = files.pop(blob.sha256, None)
        if size is None:
            found.append(Violation("I9", blob.sha256, "the row has no file"))
        elif size != blob.bytes:
            found.append(
                Violation("I9", blob.sha256, f"the file has {size} bytes, the row says {blob.bytes}")
            )
        elif deep and await asyncio.to_thread(_digest, ctx.blobs.local_path(blob.sha256)) != blob.sha256:
            found.append(Violation("I9", blob.sha256, "the file's bytes do not match its name"))
    cutoff = ctx.clock.now_ms() / 1000 - ctx.rules.orphan_grace_s
    found += [
        Violation("I9", sha256, "the file has no row and its grace is over")
        for sha256 in files
        if (ctx.blobs.written_at(sha256) or cutoff) < cutoff
    ]
    found += [
        Violation("I15", name, "a spooled file is older than its grace")
        for name, written_at in ctx.blobs.spooled()
        if written_at < cutoff
    ]
    return found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
