"""The fuzzer of `compile`: nothing may be answered from a stale recording."""
