"""Verbs that move a task or money. Nothing else does; every effect is guarded by rows."""
