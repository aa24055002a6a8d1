"""Bytes: kept once by hash, read by range, checked, re-encoded, previewed and drawn.

Nothing here trusts a file name or a content type. Anything that parses a stranger's file runs in a limited
child process (`child`); this package itself imports neither Pillow nor PyAV.
"""
