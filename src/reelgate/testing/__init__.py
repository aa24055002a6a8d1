"""Doubles for people who write dialects, and the suites every implementation must pass.

`play` drives a flow with prepared answers; `FakeClock` and `SeededIds` stand in for time and
chance; `upstream` is a server with a bill; `conformance` checks a dialect. Production never
imports this room.
"""
