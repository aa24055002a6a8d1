"""The animatic renderer: from a plan to pixels and sound. Runs in a child process; knows no storage and no task.

Everything is drawn in planes of luma and chroma (BT.709, 4:2:0), which is what the encoder wants.
"""
