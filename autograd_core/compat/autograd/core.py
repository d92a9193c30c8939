"""The two modes for functions of one argument, and the declarators, under ``autograd.core``."""

from autograd_core.compat.autograd.differential_operators import jvp_of_one as make_jvp
from autograd_core.compat.autograd.differential_operators import vjp_of_one as make_vjp
from autograd_core.compat.autograd.operations import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    primitive,
    primitive_jvps,
    primitive_vjps,
)
from autograd_core.compat.autograd.vector_spaces import VSpace, vspace

__all__ = [
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "make_jvp",
    "make_vjp",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
    "vspace",
]
