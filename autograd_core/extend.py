"""For libraries built on the engine, such as `nn` and `optim`: all that they import from inside.

Documented and kept like the public names, but of no use to a program that only differentiates.

======================  ==========================================================================
`Location`              the user's line, for errors: ``Location.of_caller()``
`register_exclusion`    names a package whose lines are a library's, not the user's
`errors`                every exception of the engine
`tree`                  pytrees: nested dicts, lists and tuples
`bare`                  the array under a traced value; `innermost_array`: under batches too
`foreign`               the array of another library under values, a GPU's say; `beside` makes
                        an array of NumPy's one of that kind, and `host` the other way round
`Batched`, `Batching`   values under `vmap`; a batch
`BATCH_RULES`           what an operation, by name, does with a batch axis
`BATCH_CONSTANTS`       the same for functions without derivative
`ONNX_LOWERINGS`        what writes an operation as operators of ONNX
`ONNX_OPERATORS`        what computes an operator of ONNX, by its name
`Constant`              a function without derivative, as NumPy's dispatch sees it
`Reading`               which saved values a rule reads; `EVERYTHING`
`fillable`              lets the running transform fill a new array with traced values
`Forgotten`             stands for a saved value that no rule reads and that was not kept
`in_lines`              shares a function along an axis of large arrays among threads
`getitem`               the operation behind ``x[index]``
`pushed`, `transpose`   `jvp` and `vjp` without a border: for rules, not for users
`Counter`               counts the operations of whatever runs under it
`random_sources`        the random generators that a program draws from, to be put back
`named_sources`         the same by name, and those whose state cannot be kept
`draw`                  a random draw that `vmap` understands
`renamed_keywords`      lets a function take keywords by their old names too, with a warning;
                        `present_names` does it for keywords at hand, `renamed_attribute` for an
                        attribute, `renamed_names` for names of a module
`explains_wrong_calls`  lets a function or a class say which argument of a wrong call is meant;
                        `refusal` makes that error, `is_of_the_call` tells when
`after_backward`        calls a function once a running ``backward()`` has written each ``.grad``
`prints_anywhere`       lets a class print on terminals that know ASCII only
======================  ==========================================================================
"""

from autograd_core.base import errors, tree
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.renamed import (
    present_names,
    renamed_attribute,
    renamed_keywords,
    renamed_names,
)
from autograd_core.base.source import Location, register_exclusion
from autograd_core.base.wrong_calls import explains_wrong_calls, is_of_the_call, refusal
from autograd_core.costs.counting import Counter
from autograd_core.engine.backward import after_backward
from autograd_core.engine.filling import fillable
from autograd_core.engine.forgetting import Forgotten
from autograd_core.operations.boxed import bare, innermost_array
from autograd_core.operations.exports import ONNX_LOWERINGS, ONNX_OPERATORS
from autograd_core.operations.kinds import beside, foreign, host
from autograd_core.operations.lines import in_lines
from autograd_core.operations.primitive import Constant
from autograd_core.operations.saved_reads import EVERYTHING, Reading
from autograd_core.rules.indexing import getitem
from autograd_core.transforms.batched import CONSTANTS as BATCH_CONSTANTS
from autograd_core.transforms.batched import RULES as BATCH_RULES
from autograd_core.transforms.batched import Batched, Batching
from autograd_core.transforms.derivatives import pushed, transpose
from autograd_core.transforms.random_sources import named_sources, random_sources
from autograd_core.transforms.randomness import draw

__all__ = [
    "BATCH_CONSTANTS",
    "BATCH_RULES",
    "EVERYTHING",
    "ONNX_LOWERINGS",
    "ONNX_OPERATORS",
    "Batched",
    "Batching",
    "Constant",
    "Counter",
    "Forgotten",
    "Location",
    "Reading",
    "after_backward",
    "bare",
    "beside",
    "draw",
    "errors",
    "explains_wrong_calls",
    "fillable",
    "foreign",
    "getitem",
    "host",
    "in_lines",
    "innermost_array",
    "is_of_the_call",
    "named_sources",
    "present_names",
    "prints_anywhere",
    "pushed",
    "random_sources",
    "refusal",
    "register_exclusion",
    "renamed_attribute",
    "renamed_keywords",
    "renamed_names",
    "transpose",
    "tree",
]

__getattr__ = renamed_names(__name__, memory="innermost_array")
