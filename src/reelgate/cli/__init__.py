"""The `reelgate` command: reads what was typed, asks the API or the store, and shows the answer.

No rule lives here. Command modules are loaded when their command is used, so help stays quick.
"""
