"""How a function reads the number, and how its result depends on it."""

# ruff: noqa: E501 - each program on a line of its own

# How a function reads the number: a definition with {E} in it, and what it is called by.
READERS: dict[str, tuple[str, str]] = {
    "at once": ("", "({E})"),
    "function": ("def r{k}():\n    return {E}", "r{k}()"),
    "function of a function": ("def q{k}():\n    return {E}\ndef r{k}(): return q{k}()", "r{k}()"),
    "lambda": ("r{k} = lambda: {E}", "r{k}()"),
    "method": ("class R{k}:\n    def m(self):\n        return {E}\nr{k} = R{k}()", "r{k}.m()"),
    "property": ("class R{k}:\n    @property\n    def m(self):\n        return {E}\nr{k} = R{k}()", "r{k}.m"),
    "static method": ("class R{k}:\n    @staticmethod\n    def m():\n        return {E}", "R{k}.m()"),
    "dictionary of functions": ("r{k} = {{'f': lambda: {E}}}", "r{k}['f']()"),
    "partial": ("r{k} = functools.partial(lambda n: ({E}), 0)", "r{k}()"),
    "comprehension": ("", "[{E} for _ in range(1)][0]"),
    "inner function": ("def r{k}():\n    def inner(): return {E}\n    return inner()", "r{k}()"),
    "generator inside": ("def r{k}():\n    yield {E}", "next(r{k}())"),
    "made by a class": ("class R{k}:\n    def __init__(self): self.n = {E}", "R{k}().n"),
    "operator": ("class R{k}:\n    def __add__(self, other): return {E}\nr{k} = R{k}()", "(r{k} + 0)"),
    "map": ("r{k} = lambda n: {E}", "list(map(r{k}, [0]))[0]"),
    "sort key": ("r{k} = lambda n: -n * int(np.max({E}))", "sorted([1, 2], key=r{k})[0] + ({E})"),
    "looked up": ("def r{k}(): return {E}", "globals()['r{k}']()"),
    "decorated": (
        "def d{k}(f): return lambda *a: f(*a)\n@d{k}\ndef r{k}(): return {E}", "r{k}()"),
}  # fmt: skip

# How the result depends on it.  (n is the number, or an array of three.)
USES = [
    "np.sum(x * n)",
    "np.sum((x + n) * n)",
    "np.sum(x * n if np.all(np.asarray(n) > 4) else x)",
    "np.sum(x[int(n if np.ndim(n) == 0 else n[0]) % 3] * x)",
    "np.sum(x) * sum(1.0 for _ in range(int(n if np.ndim(n) == 0 else n[0]) % 9))",
    "np.sum(x * math.exp(-float(n if np.ndim(n) == 0 else n[0])))",
    "np.sum(np.exp(x * 0.1) ** n)",
]
