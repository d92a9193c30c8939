"""gradcheck: derivatives compared with numerical ones.

Central differences, and where the function allows it the complex step
f(x + ih).imag / h, which has no cancellation (Squire and Trapp, 1998).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.renamed import renamed_keywords
from autograd_core.base.source import Location
from autograd_core.engine.gradients import gradients
from autograd_core.engine.node import PART, Node
from autograd_core.engine.sweeping import collect
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.kinds import beside, foreign, host
from autograd_core.operations.modes import no_grad
from autograd_core.operations.primitive import bare
from autograd_core.transforms.derivatives import pushed, transpose
from autograd_core.transforms.derivatives import vjp as vjp_of
from autograd_core.transforms.tracing import Trace


def _raw(value: Any) -> Any:
    return np.array(host(bare(value)))


def central_differences(f: Callable[..., Any], xs: Sequence[Any], step: float) -> list[Any]:
    """Return the numerical gradient of a scalar function of arrays."""
    found = []
    for k, x in enumerate(xs):
        g = np.zeros_like(x)
        for index in np.ndindex(x.shape):
            size = step * max(1.0, abs(float(x[index])))
            values = []
            for sign in (1, -1):
                moved = [v.copy() for v in xs]
                moved[k][index] += sign * size
                at = moved[k][index]  # now: f may write its argument
                values.append((float(f(*moved)), at))
            g[index] = (values[0][0] - values[1][0]) / float(values[0][1] - values[1][1])
        found.append(g)
    return found


def complex_step(f: Callable[..., Any], xs: Sequence[Any]) -> list[Any] | None:
    """Return the gradient by the complex step, or None if f does not take complex numbers."""
    found = []
    tiny = 1e-30
    try:
        with np.errstate(all="ignore"):
            for k, x in enumerate(xs):
                g = np.zeros_like(x)
                for index in np.ndindex(x.shape):
                    moved = [v.astype(complex) for v in xs]
                    moved[k][index] += 1j * tiny
                    out = f(*moved)
                    if not np.iscomplexobj(out):
                        return None
                    g[index] = np.imag(out) / tiny
                found.append(g)
    except Exception:  # the function has no complex form, in whatever way it says so
        return None
    return found


class _Problem:
    """f made a scalar function of arrays: its outputs weighted with fixed random numbers."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        parameters: Sequence[Tensor],
        symmetric: bool,
    ) -> None:
        self.f, self.args, self.parameters = f, tuple(args), tuple(parameters)
        self.symmetric = symmetric
        given = tree.leaves(self.args)
        self.places = [k for k, a in enumerate(given) if _differentiable(a)]
        leaves = [*(given[k] for k in self.places), *self.parameters]
        self.numbers = [_raw(leaf) for leaf in leaves]  # on the host, whatever f works on
        self._kinds = [foreign(leaf) for leaf in leaves]
        if not self.numbers:
            raise errors.DTypeError(
                "gradcheck(): no floating-point argument to differentiate.", Location.of_caller()
            )
        self.weights: list[Any] = []

    @property
    def xs(self) -> list[Any]:
        """Where to check: copies, since f may write its arguments."""
        return self.moved([x.copy() for x in self.numbers])

    def moved(self, values: Sequence[Any]) -> list[Any]:
        """Return arrays of NumPy's as arrays of the arguments' kinds."""
        return [beside(kind, v) for kind, v in zip(self._kinds, values, strict=True)]

    def outputs(self, *values: Any) -> list[Any]:
        """Run f with these values in the places that are differentiated."""
        values = tuple(self.moved(values))
        given = [a.copy() if isinstance(a, np.ndarray) else a for a in tree.leaves(self.args)]
        for k, value in zip(self.places, values, strict=False):
            given[k] = _hermitian(value) if self.symmetric and _square(value) else value
        outer = values[len(self.places) :]
        saved = [(t._held, t._node, t._level) for t in self.parameters]
        try:
            for t, value in zip(self.parameters, outer, strict=True):
                _stand_in(t, value)
            return tree.leaves(self.f(*tree.like(self.args, given)))
        finally:
            for t, (data, node, level) in zip(self.parameters, saved, strict=True):
                t._held, t._node, t._level = data, node, level

    def scalar(self, *values: Any) -> Any:
        """Return the weighted sum of the outputs."""
        outs = [o for o in self.outputs(*values) if _differentiable(o)]
        self._check(outs)
        return self._weighted(outs)

    def analytic(self, *values: Any) -> Any:
        """Return the same of complex arguments, of which the outputs are complex too."""
        outs = [o for o in self.outputs(*values) if _differentiable(o)]
        return host(bare(self._weighted(outs)))

    def _check(self, outs: Sequence[Any]) -> None:
        if not outs:
            raise errors.DTypeError(
                "gradcheck(): the function returned no floating-point values.",
                Location.of_caller(),
            )
        if any(bare(o).dtype.kind == "c" for o in outs if hasattr(bare(o), "dtype")):
            raise errors.DTypeError(
                "gradcheck(): the function returned complex numbers; check their real and "
                "imaginary parts, np.real(y) and np.imag(y).",
                Location.of_caller(),
            )

    def _weighted(self, outs: Sequence[Any]) -> Any:
        if not self.weights:
            rng = np.random.default_rng(0)
            self.weights = [
                beside(o, rng.uniform(0.5, 1.5, np.shape(bare(o))).astype(_dtype(bare(o))))
                for o in outs
            ]
        return sum(np.sum(o * w) for o, w in zip(outs, self.weights, strict=True))


def _dtype(value: Any) -> Any:
    return value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype


def _square(value: Any) -> bool:
    shape = np.shape(bare(value))
    return len(shape) > 1 and shape[-1] == shape[-2]


def _hermitian(m: Any) -> Any:
    """Return the symmetric part (the adjoint's for complex matrices inside of an operation)."""
    return (m + np.conj(m.mT)) * 0.5 if m.dtype.kind == "c" else (m + m.mT) * 0.5


def _stand_in(t: Tensor, value: Any) -> None:
    """Let a tensor that f uses from outside hold another value while f runs."""
    if isinstance(value, Tensor):
        t._held, t._node, t._level = value._held, value._node, value._level
    else:
        t._held, t._node, t._level = value, None, 0


def _differentiable(value: Any) -> bool:
    kind = getattr(bare(value), "dtype", None)
    return isinstance(value, float) or (kind is not None and kind.kind in "fc")


@renamed_keywords(wrt="parameters")
def gradcheck(
    f: Callable[..., Any],
    *args: Any,
    modes: Sequence[str] = ("reverse", "forward"),
    order: int = 2,
    parameters: Sequence[Tensor] = (),
    step: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    symmetric: bool | None = None,
) -> bool:
    """Check derivatives of f at the given arguments against numerical ones.

    Parameters
    ----------
    f : callable
        Any function of pytrees of arrays; float64 arguments give sharp answers.
    *args
        Where to check; integers and other values are passed on unchanged.
    modes : sequence of {"reverse", "forward"}
        Which modes to check.
    order : {1, 2}
        2 checks second derivatives too (reverse over reverse, forward over reverse).
    parameters : sequence of Tensor
        Tensors that f uses from outside, such as a model's parameters; checked
        in reverse mode.
    step, rtol, atol : float, optional
        Step of the differences and tolerances; default by dtype (float64: 6e-6,
        1e-5, 1e-7).
    symmetric : bool, optional
        Check in symmetric directions only: each square matrix (stack of them) among the
        arguments is replaced by its symmetric part. `eigh`, `eigvalsh`, `cholesky`,
        `cho_factor` and `multivariate_normal` treat their matrix as symmetric, although NumPy and
        SciPy read one triangle of it. By default, this is done for functions that use them, if
        their square arguments are symmetric and the check in all directions fails.

    Returns
    -------
    bool
        True; otherwise an error is raised.

    Raises
    ------
    GradcheckError
        With the largest difference; when one recorded operation's rule is
        wrong, with its name and line. Also if the function is random, or not finite there.

    Examples
    --------
    >>> import numpy as np
    >>> gradcheck(lambda x: np.sin(x) * x, np.array([0.3, 1.2]))
    True
    """
    settings = (tuple(modes), order, step, rtol, atol)
    problem = _Problem(f, args, parameters, bool(symmetric))
    try:
        return _checked(problem, *settings)
    except errors.GradcheckError:
        if symmetric is not None or not _takes_symmetric(problem):
            raise
    return _checked(_Problem(f, args, parameters, True), *settings)


# Operations whose gradient is that in symmetric directions, and which argument is the matrix.
_SYMMETRIC = {
    "eigh": 0, "cholesky": 0, "scipy cholesky": 0, "cho_factor": 0, "hermitian pinv": 0,
    "symmetric from its lower triangle": 0, "multivariate_normal.entropy": 1,
    "multivariate_normal.logpdf": 2, "multivariate_normal.pdf": 2,
}  # fmt: skip


def _operations(problem: _Problem) -> list[Node]:
    """Return what f does to its arguments, as a transform records it, last things first."""
    out = Trace(problem.scalar, problem.xs, "gradcheck()").result
    nodes = collect([out._node]) if isinstance(out, Tensor) and out._node is not None else ()
    return [n for n in nodes if n.primitive is not None and n.inputs]


def _symmetric_nodes(problem: _Problem) -> bool:
    return any(getattr(n.primitive, "name", None) in _SYMMETRIC for n in _operations(problem))


def _takes_symmetric(problem: _Problem) -> bool:
    """Whether f uses eigh or cholesky, and its square arguments are symmetric."""
    square = [x for x in problem.xs if _square(x)]
    return (
        bool(square)
        and all(np.allclose(x, x.mT, rtol=1e-6) for x in square)
        and _symmetric_nodes(problem)
    )


def _check_value(problem: _Problem) -> None:
    """Raise if there is nothing to differentiate: a random value, or none that is finite."""
    values = []
    for _ in range(2):
        with no_grad():
            values.append(np.asarray(host(bare(problem.scalar(*problem.xs)))))
    if not np.isfinite(values[0]):
        raise errors.GradcheckError(
            f"gradcheck(): the function is not finite at these arguments (the weighted sum of its "
            f"results is {values[0]}), so differences cannot be taken; choose other arguments.",
            Location.of_caller(),
        )
    if not np.allclose(values[0], values[1], rtol=100 * np.finfo(values[0].dtype).eps, atol=0):
        raise errors.GradcheckError(_RANDOM.format("values", *values), Location.of_caller())


_RANDOM = (
    "gradcheck(): the function is random, or keeps a state: two {} at the same arguments differ "
    "({:.8g} and {:.8g}). Make its random numbers the same in each call: create the generator "
    "with a fixed seed inside of the function, or draw them outside."
)


def _checked(
    problem: _Problem,
    modes: Sequence[str],
    order: int,
    step: float | None,
    rtol: float | None,
    atol: float | None,
) -> bool:
    xs, parameters = problem.numbers, problem.parameters
    _check_value(problem)
    precision = max(float(np.finfo(x.dtype).eps) for x in xs)  # the coarsest decides
    step = precision ** (1 / 3) if step is None else step
    rtol = precision**0.5 * 670 if rtol is None else rtol
    atol = precision**0.5 * 6.7 if atol is None else atol
    floats = [x for x in xs if x.dtype.kind == "f"]
    if len(floats) < len(xs):
        raise errors.DTypeError(
            "gradcheck(): complex arguments; give real and imaginary parts.", Location.of_caller()
        )

    def value(*moved: Any) -> float:
        with no_grad():
            return float(bare(problem.scalar(*moved)))

    numerical = central_differences(value, xs, step)
    exact = complex_step(problem.analytic, xs) if not parameters else None
    if exact is not None and all(
        np.allclose(e, n, rtol=1e-3, atol=1e-5) for e, n in zip(exact, numerical, strict=True)
    ):
        numerical = exact  # trusted only where it is close to the differences: |x| has none
    gradient = _gradient(problem.scalar)
    context = _Context(problem, rtol, atol, step)
    if "reverse" in modes:
        found = _on_host(gradient(*problem.xs))
        context.check_same(found, _on_host(gradient(*problem.xs)))
        context.compare("reverse mode", found, numerical)
    if "forward" in modes and not parameters:
        rng = np.random.default_rng(1)
        direction = tuple(rng.uniform(-1, 1, x.shape).astype(x.dtype) for x in xs)
        _, t = pushed(problem.scalar, tuple(problem.xs), tuple(problem.moved(direction)))
        slope = sum(np.sum(n * d) for n, d in zip(numerical, direction, strict=True))
        context.compare("forward mode", [np.asarray(host(bare(t)))], [np.asarray(slope)])
    if order > 1:
        _check_second(problem, gradient, context, modes)
    return True


def _on_host(values: Sequence[Any]) -> list[Any]:
    return [host(bare(v)) for v in values]


def _gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the gradient of f, a constant's too, to all of its arguments."""
    return lambda *xs: transpose(f, *xs)[1](1.0)


def _check_second(
    problem: _Problem, gradient: Callable[..., Any], context: _Context, modes: Sequence[str]
) -> None:
    xs = problem.numbers
    rng = np.random.default_rng(2)
    v = tuple(problem.moved([rng.uniform(-1, 1, x.shape).astype(x.dtype) for x in xs]))

    def slope(*values: Any) -> Any:
        return sum(np.sum(g * d) for g, d in zip(gradient(*values), v, strict=True))

    def recorded(*values: Any) -> Any:
        out = problem.scalar(*[t * 1 for t in values])  # f may write them
        if not (isinstance(out, Tensor) and out.requires_grad):
            return 0.0
        first = gradients(out, values, create_graph=True)
        return sum(np.sum(g * d) for g, d in zip(first, v, strict=True) if g is not None)

    numerical = central_differences(
        lambda *m: float(bare(slope(*problem.moved(m)))), xs, context.step
    )
    if "reverse" in modes:
        for what, f in (("reverse over reverse", slope), ("create_graph", recorded)):
            found = _on_host(_gradient(f)(*problem.xs))
            context.compare(f"second order, {what}", found, numerical)
    if "forward" in modes and not problem.parameters:
        _, product = pushed(gradient, tuple(problem.xs), v)
        context.compare("second order, forward over reverse", _on_host(product), numerical)


class _Context:
    """Compares, and on failure looks for the operation to blame."""

    def __init__(self, problem: _Problem, rtol: float, atol: float, step: float) -> None:
        self.problem, self.rtol, self.atol, self.step = problem, rtol, atol, step

    def check_same(self, found: Sequence[Any], again: Sequence[Any]) -> None:
        """Raise if two gradients at the same arguments differ."""
        for g, h in zip(found, again, strict=True):
            if np.allclose(g, h, rtol=self.rtol, atol=self.atol, equal_nan=True):
                continue
            worst = np.unravel_index(int(np.nanargmax(np.abs(g - h))), np.shape(g))
            raise errors.GradcheckError(
                _RANDOM.format("gradients", g[worst], h[worst]), Location.of_caller()
            )

    def compare(self, what: str, found: Sequence[Any], numerical: Sequence[Any]) -> None:
        """Raise if any derivative is too far from the numerical one."""
        for k, (g, n) in enumerate(zip(found, numerical, strict=True)):
            if np.allclose(g, n, rtol=self.rtol, atol=self.atol):
                continue
            off = np.abs(np.asarray(g) - n)
            off = np.where(np.isnan(off), np.inf, off)
            worst = np.unravel_index(int(np.argmax(off)), np.shape(n)) if np.ndim(n) else ()
            index = tuple(int(i) for i in worst)
            culprit = self.culprit()
            message = (
                f"gradcheck(): {what}, argument {k}, element {index}: the rules give "
                f"{np.asarray(g)[worst]:.8g}, numerically it is {np.asarray(n)[worst]:.8g}."
            )
            if culprit is None and not self.problem.symmetric and _symmetric_nodes(self.problem):
                raise errors.GradcheckError(
                    message
                    + "\n  eigh, cholesky and others that read one triangle take their matrix as "
                    "symmetric, and so does their gradient: pass (a + a.T) / 2, or check at "
                    "symmetric matrices.",
                    Location.of_caller(),
                )
            if culprit is None:
                raise errors.GradcheckError(
                    message + "\n  Every recorded operation is right by itself at first order: "
                    "look for a cut (detach, .data), a kink, or a rule that is not differentiable.",
                    Location.of_caller(),
                )
            missing = np.isnan(np.asarray(g)[worst])
            blame = "has no derivative at this point" if missing else "is wrong"
            raise errors.GradcheckError(
                message + f"\n  The rule of {culprit.name} {blame}:", culprit.location
            )

    def culprit(self) -> Node | None:
        """Return the first recorded operation whose own derivative is wrong."""
        wrong = (n for n in reversed(_operations(self.problem)) if not self._is_right(n))
        return next(wrong, None)

    def _is_right(self, node: Node) -> bool:
        primitive = node.primitive
        assert primitive is not None
        assert node.inputs is not None
        if primitive is PART:
            return True
        raw = [i.output if i.__class__ is Node else i for i in node.inputs]
        tracked = [k for k, i in enumerate(node.inputs) if i.__class__ is Node]
        values = [_raw(raw[k]) for k in tracked]
        rng = np.random.default_rng(3)

        def run(*moved: Any) -> Any:
            full = list(raw)
            for k, m in zip(tracked, moved, strict=True):
                m = beside(raw[k], m)
                symmetric = _square(m) and k == _SYMMETRIC.get(primitive.name)
                full[k] = _hermitian(m) if symmetric else m
            return primitive(*full, **node.params)

        parts = node.output if primitive.multiple else (node.output,)
        weights = [beside(p, rng.uniform(0.5, 1.5, np.shape(p))) for p in parts]

        def weighted(*moved: Any) -> float:
            out = run(*moved)
            out = out if primitive.multiple else (out,)
            return float(sum(np.sum(bare(o) * w) for o, w in zip(out, weights, strict=True)))

        numerical = central_differences(weighted, values, self.step)
        try:
            at = [beside(raw[k], v) for k, v in zip(tracked, values, strict=True)]
            out, pullback = vjp_of(run, *at)
            seeds = [w.astype(p.dtype) for w, p in zip(weights, parts, strict=True)]
            pulled = pullback(
                type(out)(*seeds)
                if hasattr(out, "_fields")
                else tuple(seeds)
                if primitive.multiple
                else seeds[0]
            )
            pushed = [
                float(np.sum(t * w))
                for t, w in zip(self._pushed(run, at, primitive.multiple), weights, strict=True)
            ]
        except errors.AutogradError:
            return False
        slope = float(sum(np.sum(n) for n in numerical))
        return all(
            np.allclose(host(bare(g)), n, rtol=self.rtol, atol=self.atol)
            for g, n in zip(pulled, numerical, strict=True)
        ) and bool(np.isclose(sum(pushed), slope, rtol=self.rtol, atol=self.atol))

    def _pushed(self, run: Any, values: list[Any], multiple: bool) -> Sequence[Any]:
        _, t = pushed(run, values, [np.ones_like(v) for v in values])
        return tuple(t) if multiple else (t,)
