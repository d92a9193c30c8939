"""The text of loops run by Python itself: what numba compiles, without the seconds it takes."""

import ast
import math
import types

import numpy as np


def _row(reduce):
    return lambda x: reduce(x.astype(np.float64) if reduce is np.sum else x)


def _add_to(total, x):
    total += x


def _lead(board, parts, work):
    function, given = work
    for part in range(parts):
        function(part, *given)


NAMES = {
    "np": np, "float32": np.float32, "float64": np.float64, "bool_": np.bool_, "INF": np.inf,
    "NAN": np.nan, "exact_kernel": lambda f: f, "clear": lambda: None, "raised": lambda: 0,
    "sum_of": _row(np.sum), "max_of": _row(np.max), "min_of": _row(np.min), "add_to": _add_to,
    "job": lambda function, given: (function, given), "lead": _lead,
    "sqrt": np.sqrt, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh, "sinh": np.sinh,
    "cosh": np.cosh, "atan": np.arctan, "erf": lambda x: type(x)(math.erf(x)),
    "in_wide_vectors": lambda: None,
}  # fmt: skip


class _NumPysNumbers(ast.NodeTransformer):
    """Make floats in a text NumPy's: these divide by 0 as the compiled loop does."""

    def visit_Constant(self, node):
        if isinstance(node.value, float):
            return ast.Call(ast.Name("float64", ast.Load()), [node], [])
        return node


def function(text, name, given, made, parts):
    """As workers.compiled.programs.function."""
    body = text[text.index("@exact_kernel") :]
    space = dict(NAMES)
    tree = ast.fix_missing_locations(_NumPysNumbers().visit(ast.parse(body)))
    exec(compile(tree, "<loops>", "exec"), space)
    run = space[name]

    def call(*args):
        for x, (kind, ndim) in zip(args, [*given, *made], strict=True):
            assert (np.ndim(x), np.asarray(x).dtype) == (ndim, np.dtype(kind))
            assert not ndim or x.flags.c_contiguous
        args = [x.view() if isinstance(x, np.ndarray) else x for x in args]
        for x in args[: len(given)]:
            if isinstance(x, np.ndarray):
                x.flags.writeable = False
        with np.errstate(all="ignore"):
            return run(None, *args) if parts > 1 else run(*args)

    return call


def _failed(error):
    raise error


PROGRAMS = types.SimpleNamespace(
    sums=types.SimpleNamespace(FLAGS=True),
    function=function,
    heard=lambda flags: False,
    failed=_failed,
)
