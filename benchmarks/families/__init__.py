"""One module for each family of programs; each has ``programs(engine)``."""
