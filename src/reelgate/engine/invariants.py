"""Invariants: what must hold after every fault, checked by the same code in production and in the fault suite."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from reelgate.engine.context import Context
from reelgate.store import blobs as blob_rows
from reelgate.store import invariants as row_invariants
from reelgate.store.invariants import Violation


async def check(ctx: Context, *, deep: bool = True) -> list[Violation]:
    """List every violation in rows and files; `deep` also hashes every file on this disk."""
    found = await ctx.backend.read(row_invariants.violations)
    cutoff = ctx.clock.now_ms() / 1000 - ctx.rules.orphan_grace_s
    found += await _files(ctx, cutoff, deep=deep)
    found += [
        Violation("I15", name, "a spooled file is older than its grace")
        for name, written_at in ctx.blobs.spooled()
        if written_at < cutoff
    ]
    return found


async def _files(ctx: Context, cutoff: float, *, deep: bool) -> list[Violation]:
    """Compare rows and files. The bytes themselves are read on this machine's disk only: a bucket checks its own."""
    # The files first: one that comes after that has a row soon, one that goes after that had none.
    files = {one.sha256: one async for one in ctx.blobs.listed()}
    found: list[Violation] = []
    for blob in await ctx.backend.read(blob_rows.all_blobs):
        file = files.pop(blob.sha256, None)
        size = await ctx.blobs.size(blob.sha256) if file is None else file.bytes
        path = ctx.blobs.place.local_path(blob.sha256) if deep else None
        if size is None:
            found.append(Violation("I9", blob.sha256, "the row has no file"))
        elif size != blob.bytes:
            found.append(
                Violation("I9", blob.sha256, f"the file has {size} bytes, the row says {blob.bytes}")
            )
        elif path is not None and path.exists() and await asyncio.to_thread(_digest, path) != blob.sha256:
            found.append(Violation("I9", blob.sha256, "the file's bytes do not match its name"))
    return found + [
        Violation("I9", sha256, "the file has no row and its grace is over")
        for sha256, file in files.items()
        if file.written_at < cutoff
    ]


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
