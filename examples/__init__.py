"""Systems trained with this project; run one with ``python -m examples.NAME``."""
