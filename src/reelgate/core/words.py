"""Status words, progress and HTTP answers as upstreams write them, translated once for every dialect.

The table is the union of what upstreams are known to say; an unknown word keeps the state.
"""
