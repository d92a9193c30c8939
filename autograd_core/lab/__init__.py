"""Beyond the two modes: other orders of elimination, rounding errors."""
