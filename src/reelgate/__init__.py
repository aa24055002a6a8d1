"""Reelgate: a self-hosted gateway and studio for AI video."""

__version__ = "0.1.0"
