"""Can these records be used, and how are they written down?

`check` is asked before records are stored: it names every unknown reference, cyclic bill and impossible number
with what to do about it, so that no graph is ever built on them.
"""
