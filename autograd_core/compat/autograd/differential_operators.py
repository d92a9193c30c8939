"""Functions of functions, by HIPS autograd's names, arguments and conventions."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.compat.autograd.boxes import dtype_of, is_complex
from autograd_core.compat.autograd.vector_spaces import vspace
from autograd_core.compat.autograd.wrap_util import get_name, unary_to_nary
from autograd_core.transforms.checkpointing import checkpoint as _checkpoint
from autograd_core.transforms.derivatives import jvp as _jvp
from autograd_core.transforms.derivatives import linearize as _linearize
from autograd_core.transforms.derivatives import vjp as _vjp
from autograd_core.transforms.jacobians import jacobian as _jacobian

Function = Callable[..., Any]


def vjp_of_one(fun: Function, x: Any) -> tuple[Function, Any]:
    """Return the pullback and the value of a function of one argument.

    Results without derivative (comparisons, integers) get zeros and a warning.
    """
    value, pullback, discrete = _vjp(_with_floats(fun), x, has_aux=True)
    return lambda g: pullback(g)[0], value if discrete is None else discrete


def _with_floats(fun: Function) -> Function:
    """Return fun with its result, or with floats in its place and the result beside it."""

    def floats(x: Any) -> tuple[Any, Any]:
        value = fun(x)
        kinds = [dtype_of(v).kind for v in tree.leaves(value)]
        if kinds and set(kinds) <= set("biu"):
            return tree.map_leaves(lambda v: np.zeros(np.shape(v)), value), value
        return value, None

    return floats


def jvp_of_one(fun: Function, x: Any) -> Function:
    """Return the function that takes a tangent and returns the value and its tangent."""
    return lambda v: _jvp(fun, (x,), (v,))


make_vjp = unary_to_nary(vjp_of_one)
make_vjp.__name__ = "make_vjp"
make_jvp = unary_to_nary(jvp_of_one)
make_jvp.__name__ = "make_jvp"


def _scalar_pullback(fun: Function, x: Any, name: str) -> tuple[Any, Any]:
    pullback, value = vjp_of_one(fun, x)
    leaves = tree.leaves(value)
    if sum(math.prod(np.shape(v)) for v in leaves) != 1 or is_complex(leaves[0]):
        raise errors.OperandError(
            f"{name}(): {get_name(fun)} returned {_described(leaves)}; it must return one real "
            "number. Try jacobian, elementwise_grad or holomorphic_grad.",
            Location.of_caller(),
        )
    return value, pullback(vspace(value).ones())


def _described(leaves: list[Any]) -> str:
    if len(leaves) != 1:
        return f"{len(leaves)} values"
    kind = "complex" if is_complex(leaves[0]) else "real"
    return f"{kind} data of shape {np.shape(leaves[0])}"


@unary_to_nary
def grad(fun: Function, x: Any) -> Any:
    """Return the gradient of a function that returns one real number, nested as the argument.

    Examples
    --------
    >>> grad(lambda a, b: a * b * b, argnum=1)(2.0, 3.0)
    12.0
    """
    return _scalar_pullback(fun, x, "grad")[1]


@unary_to_nary
def value_and_grad(fun: Function, x: Any) -> tuple[Any, Any]:
    """Return value and gradient together, as SciPy's optimizers take them with ``jac=True``.

    Examples
    --------
    >>> value, gradient = value_and_grad(lambda x: x * x)(3.0)
    >>> float(value), gradient
    (9.0, 6.0)
    """
    return _scalar_pullback(fun, x, "value_and_grad")


@unary_to_nary
def elementwise_grad(fun: Function, x: Any) -> Any:
    """Return the sum of each column of the Jacobian; its diagonal if each output has its own input.

    Examples
    --------
    >>> import numpy as np
    >>> elementwise_grad(lambda x: x ** 2)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    pullback, value = vjp_of_one(fun, x)
    if any(is_complex(v) for v in tree.leaves(value)):
        raise errors.OperandError(
            f"elementwise_grad(): {get_name(fun)} returned complex data; it must return real "
            "numbers. Try holomorphic_grad.",
            Location.of_caller(),
        )
    return pullback(vspace(value).ones())


@unary_to_nary
def deriv(fun: Function, x: Any) -> Any:
    """Return the derivative by one forward pass: the sum of each row of the Jacobian.

    Examples
    --------
    >>> float(deriv(lambda x: x ** 3)(2.0))
    12.0
    """
    return _jvp(fun, (x,), (vspace(x).ones(),))[1]


@unary_to_nary
def jacobian(fun: Function, x: Any) -> Any:
    """Return the Jacobian, of the shape of the output followed by that of the input.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda x: np.array([[1.0, 2.0]]) @ x)(np.zeros(2))
    array([[1., 2.]])
    """
    value: list[Any] = []

    def seen(x: Any) -> Any:
        value[:] = [fun(x)]
        return value[0]

    try:
        return _jacobian(seen)(x)
    except errors.UntrackedError:
        if not value or isinstance(value[0], (dict, list, tuple)):
            raise
        warnings.warn("jacobian(): the output does not depend on the input.", stacklevel=3)
        shape = (*np.shape(value[0]), *np.shape(x))
        return np.zeros(shape, dtype=np.result_type(dtype_of(value[0]), dtype_of(x)))


@unary_to_nary
def holomorphic_grad(fun: Function, x: Any) -> Any:
    """Return the complex derivative of a holomorphic function: du/dx - i du/dy, of its real part u.

    Examples
    --------
    >>> complex(holomorphic_grad(lambda z: z * z)(1.0 + 2.0j))
    (2+4j)
    """
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=3)
    return grad(lambda x: np.real(fun(x)))(x)


def grad_named(fun: Function, argname: str) -> Function:
    """Return the gradient with respect to the positional argument of a name.

    Examples
    --------
    >>> grad_named(lambda a, b: a * b, "b")(2.0, 3.0)
    2.0
    """
    return grad(fun, inspect.getfullargspec(fun).args.index(argname))  # type: ignore[no-any-return]


@unary_to_nary
def hessian(fun: Function, x: Any) -> Any:
    """Return the Hessian: the Jacobian of the Jacobian.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda x: x[0] * x[1])(np.ones(2))
    array([[0., 1.],
           [1., 0.]])
    """
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def make_hvp(fun: Function, x: Any) -> tuple[Function, Any]:
    """Return the map from a vector to the Hessian times it, and the gradient.

    Examples
    --------
    >>> hvp, gradient = make_hvp(lambda x: x ** 3)(2.0)
    >>> hvp(1.0), float(gradient)
    (12.0, 12.0)
    """
    return vjp_of_one(grad(fun), x)


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Function:
    """Return the Hessian times a tensor, which the returned function takes as its last argument.

    Examples
    --------
    >>> hessian_tensor_product(lambda x: x ** 3)(2.0, 10.0)
    120.0
    """
    gradient = grad(fun, argnum)

    def along(*args: Any, **keywords: Any) -> Any:
        *args, vector = args  # type: ignore[assignment]
        return np.tensordot(gradient(*args, **keywords), vector, np.ndim(vector))

    return grad(along, argnum)  # type: ignore[no-any-return]


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """Return a tensor times the Jacobian, a function that takes the tensor last.

    Examples
    --------
    >>> import numpy as np
    >>> tensor_jacobian_product(lambda x: x * x)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    def along(*args: Any, **keywords: Any) -> Any:
        *args, vector = args  # type: ignore[assignment]
        return np.tensordot(vector, fun(*args, **keywords), axes=np.ndim(vector))

    return jacobian(along, argnum)  # type: ignore[no-any-return]


vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Function, x: Any) -> Function:
    """Return the map from a tangent to the output's, for many tangents at one point.

    Examples
    --------
    >>> float(make_jvp_reversemode(lambda x: x * x)(3.0)(1.0))
    6.0
    """
    return _linearize(fun, x)[1]  # type: ignore[no-any-return]


def _half_square(x: Any) -> Any:
    return 0.5 * np.sum(x**2, axis=-1)


def make_ggnvp(f: Function, g: Function = _half_square, f_argnum: int = 0) -> Function:
    """Return the generalized Gauss-Newton matrix times a vector, of g after f.

    Examples
    --------
    >>> import numpy as np
    >>> make_ggnvp(lambda x: 3.0 * x)(np.ones(2))(np.array([1.0, 2.0]))
    array([ 9., 18.])
    """

    @unary_to_nary
    def ggnvp(f: Function, x: Any) -> Function:
        pullback, value = vjp_of_one(f, x)
        curvature = vjp_of_one(grad(g), value)[0]
        pushforward = make_jvp_reversemode(f)(x)
        return lambda v: pullback(curvature(pushforward(v)))

    return ggnvp(f, f_argnum)  # type: ignore[no-any-return]


@unary_to_nary
def grad_and_aux(fun: Function, x: Any) -> tuple[Any, Any]:
    """Return the gradient of the first of two outputs, and the second as it is.

    Examples
    --------
    >>> gradient, aux = grad_and_aux(lambda x: (x * x, x + 1))(3.0)
    >>> gradient, float(aux)
    (6.0, 4.0)
    """
    value, pullback, aux = _vjp(fun, x, has_aux=True)
    return pullback(vspace(value).ones())[0], aux


def multigrad_dict(fun: Function) -> Function:
    """Return the gradients with respect to all arguments at once, as a dict by their names.

    Arguments with a default value count; those passed to ``*args`` are a tuple, those to
    ``**kwargs`` a dict.

    Examples
    --------
    >>> multigrad_dict(lambda a, b=3.0: a * b)(2.0)
    {'a': 3.0, 'b': 2.0}
    """
    signature = inspect.signature(fun)

    def gradients(*args: Any, **keywords: Any) -> Any:
        bound = signature.bind(*args, **keywords)
        bound.apply_defaults()

        def of_all(values: dict[str, Any]) -> Any:
            call = inspect.BoundArguments(signature, values)
            return fun(*call.args, **call.kwargs)

        return grad(of_all)(dict(bound.arguments))

    return gradients


def checkpoint(fun: Function) -> Function:
    """Return a version of fun that saves only its inputs, and is run again for its derivatives.

    Examples
    --------
    >>> grad(checkpoint(lambda x: x * x))(3.0)
    6.0
    """
    return _checkpoint(fun)


__all__ = [
    "checkpoint",
    "deriv",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]
