"""Figures of Reelgate beside a peer and beside servers that do nothing else, measured in one run."""
