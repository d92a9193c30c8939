"""The table: one row for each way of calling each operation, by family."""

from importlib import import_module

from cases.case import Case

FAMILIES = (
    "elementwise",
    "reductions",
    "shapes",
    "indexing",
    "joining",
    "products",
    "linalg",
    "scans",
    "statistics",
    "calculus",
    "fft",
    "eigen",
    "choosing",
    "scipy_functions",
    "complex_numbers",
)
TABLE: dict[str, list[Case]] = {name: import_module(f"cases.{name}").CASES for name in FAMILIES}
EVERY: list[Case] = [case for family in TABLE.values() for case in family]
