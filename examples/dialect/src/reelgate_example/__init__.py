"""A dialect outside Reelgate's own package; `example.py` speaks, `example.toml` holds facts."""
