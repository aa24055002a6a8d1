"""Runners: what wakes tasks, in this process or over many, and the housekeeping beside it."""
