"""Rules that hold with pen and paper: no IO, no clock, no SQL, no HTTP.

Everything a room needs to agree on with another room is named here and nowhere else.
"""
