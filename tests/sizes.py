"""Which arrays the engine treats as large."""

LARGE_IN = ("forgetting", "tensor", "fast.operators", "sweep_steps")


def large_from(size, monkeypatch):
    """Treat arrays of so many numbers as large: 1, all that are not empty; 1 << 60, none."""
    for module in LARGE_IN:
        monkeypatch.setattr(f"autograd_core.engine.{module}.LARGE", size)
