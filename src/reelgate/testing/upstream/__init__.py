"""A fake upstream *with a bill*, speaking the OpenAI Videos shape over real HTTP.

It keeps what an upstream keeps (jobs, a bill, clips that play) and misbehaves on demand. Every
answer carries `x-reelgate-simulator: 1`. Run it inside a test (`async with FakeUpstream() as up`)
or as a process (`python -m reelgate.testing.upstream --port 0 --bill bill.jsonl`).
"""

from __future__ import annotations

from reelgate.testing.upstream.faults import FAULTS, Fault, Stage
from reelgate.testing.upstream.jobs import Bill, BillLine, FileSeen, Job, Script
from reelgate.testing.upstream.server import FakeUpstream

__all__ = ["FAULTS", "Bill", "BillLine", "FakeUpstream", "Fault", "FileSeen", "Job", "Script", "Stage"]
