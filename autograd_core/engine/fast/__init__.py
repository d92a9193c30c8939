"""Short ways for what small programs spend their time in; each names its twin, the definition.

A test holds each to its twin, bit for bit, over the whole table of operations
(``tests/engine/test_fast_twins.py``); decision 163 says what each saves.
"""
