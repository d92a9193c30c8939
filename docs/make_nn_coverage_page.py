"""Write docs/nn-coverage.md: what PyTorch's nn, optim and data have, and what is here.

PyTorch's names are in docs/pytorch_names.txt, so that the page can be written without PyTorch;
``python docs/make_nn_coverage_page.py --names`` reads them anew from the PyTorch installed.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE, NAMES = HERE / "nn-coverage.md", HERE / "pytorch_names.txt"

# PyTorch's namespace, and where its names are here.
PLACES = {
    "torch.nn": ["nn"],
    "torch.nn.functional": ["nn.functional"],
    "torch.nn.init": ["nn.init"],
    "torch.nn.utils": ["nn.utils"],
    "torch.nn.utils.parametrizations": ["nn.utils.parametrizations"],
    "torch.nn.utils.parametrize": ["nn.utils.parametrize"],
    "torch.nn.utils.prune": ["nn.utils.prune"],
    "torch.nn.utils.rnn": ["nn.utils.rnn"],
    "torch.nn.utils.stateless": ["nn"],
    "torch.optim": ["optim"],
    "torch.optim.lr_scheduler": ["optim.lr_scheduler"],
    "torch.optim.swa_utils": ["nn.swa_utils"],
    "torch.utils.data": ["nn.data"],
    "torch.nn.Module": ["nn.Module"],
    "torch.nn.Sequential": ["nn.Sequential"],
    "torch.nn.ModuleList": ["nn.ModuleList"],
    "torch.nn.ModuleDict": ["nn.ModuleDict"],
    "torch.nn.ParameterList": ["nn.ParameterList"],
    "torch.nn.ParameterDict": ["nn.ParameterDict"],
    "torch.optim.Optimizer": ["optim.Optimizer"],
}

_LARGE = "for products of 8-bit floats and of ragged groups on a GPU"
_PIPES = "DataPipes, which PyTorch has moved out of the library"
_INDICES = "write the function with `return_indices=True`"
_DEVICES = "there is no such device; arrays of other libraries: `model.to(cupy)`"

_INSIDE = "a base class or a detail of PyTorch's own"
_IN_PLACE = "functions never change their input, and a leaf cannot be changed; write `x = f(x)`"


def _why(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


# Why a name of PyTorch's is not here.
REASONS: dict[str, dict[str, str]] = {
    "torch.nn": {
        **_why(_INSIDE, "Container RNNBase RNNCellBase UninitializedBuffer"),
        **_why("`LocalResponseNorm` does the same", "CrossMapLRN2d"),
        **_why("write `Linear` and `CrossEntropyLoss`: memory is not divided here",
               "LinearCrossEntropyLoss LinearCrossEntropyOptions"),
        **_why("an old name of `NLLLoss`", "NLLLoss2d"),
    },
    "torch.nn.functional": {
        **_why(_INDICES, "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices "
               "adaptive_max_pool3d_with_indices fractional_max_pool2d_with_indices "
               "fractional_max_pool3d_with_indices max_pool1d_with_indices "
               "max_pool2d_with_indices max_pool3d_with_indices"),
        **_why(_IN_PLACE, "celu_ elu_ hardtanh_ leaky_relu_ relu_ rrelu_ selu_ threshold_"),
        **_why(_LARGE, "grouped_mm scaled_grouped_mm scaled_mm"),
        **_why("old names; use `interpolate`", "upsample upsample_bilinear upsample_nearest"),
        **_why("use `nn.MultiheadAttention`", "multi_head_attention_forward"),
        **_why("use `conv1d` on transposed axes", "conv_tbc"),
        **_why("`channel_shuffle` under another name", "native_channel_shuffle"),
        **_why("write `cross_entropy(linear(x, w), t)`: memory is not divided here",
               "linear_cross_entropy"),
    },
    "torch.nn.init": {
        **_why("old names of those with an underscore", "constant dirac eye kaiming_normal "
               "kaiming_uniform normal orthogonal sparse uniform xavier_normal xavier_uniform"),
    },
    "torch.nn.utils": {
        **_why("an old name of `clip_grad_norm_`", "clip_grad_norm"),
        **_why("arrays have no such memory formats", "convert_conv2d_weight_memory_format "
               "convert_conv3d_weight_memory_format"),
        **_why("`nn.functional_call`", "stateless"),
        **_why("there is no device without values", "skip_init"),
    },
    "torch.nn.utils.parametrize": _why(
        "use `copy.deepcopy`", "transfer_parametrizations_and_params"
    ),
    "torch.nn.utils.prune": {
        **_why("write a function that returns a mask, and `custom_from_mask`",
               "BasePruningMethod CustomFromMask Identity LnStructured RandomStructured"),
        **_why("a second pruning chooses among what is left by itself", "PruningContainer"),
    },
    "torch.nn.utils.rnn": _why(
        "`pad_sequence`, and `lengths=` of `RNN`, `LSTM` and `GRU`: the same numbers, unpacked",
        "PackedSequence invert_permutation pack_padded_sequence pack_sequence "
        "pad_packed_sequence unpack_sequence",
    ),
    "torch.optim": {
        **_why("`nn.swa_utils`, for `optim` knows no modules", "swa_utils"),
        **_why(_INSIDE, "swap_in_optimizer_params_and_state"),
    },
    "torch.utils.data": {
        **_why(_PIPES, "DFIterDataPipe DataChunk IterDataPipe MapDataPipe argument_validation "
               "functional_datapipe guaranteed_datapipes_determinism non_deterministic "
               "runtime_validation runtime_validation_disabled"),
        **_why("workers are threads that share one dataset", "get_worker_info"),
    },
    "torch.nn.Module": {
        **_why(_DEVICES, "ipu mtia xpu to_empty share_memory"),
        **_why("use `register_full_backward_hook`", "register_backward_hook"),
        **_why("`autograd_core.compile` compiles functions", "compile"),
        **_why(_INSIDE, "T_destination call_super_init dump_patches"),
    },
    "torch.optim.Optimizer": _why(
        _INSIDE, "OptimizerPostHook OptimizerPreHook profile_hook_step"
    ),
}  # fmt: skip


# What `make crosscheck` runs of PyTorch's own databases; its tests compare these numbers.
SAMPLES = {
    "operations": 100,
    "modules": 106,
    "optimizers": 14,
    "settings": 426,
    "refusals": 114,
    "schedules": 16,
}


def there() -> dict[str, list[str]]:
    """Return PyTorch's names, by namespace, as the file lists them."""
    found: dict[str, list[str]] = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            space, _, rest = line.partition(": ")
            found.setdefault(space, []).extend(rest.split())
    return found


def thing(path: str) -> Any:
    """Return a module or a class by its dotted name; None if it does not exist."""
    found: Any = importlib.import_module(path.partition(".")[0])
    for k, name in enumerate(path.split(".")[1:], 2):
        try:
            found = importlib.import_module(".".join(path.split(".")[:k]))
        except ModuleNotFoundError:
            found = getattr(found, name, None)
    return found


def here(space: str, name: str) -> bool:
    """Tell whether a name of PyTorch's is public here, in the place that corresponds."""
    for path in PLACES[space]:
        found = thing(path)
        if found is None:
            continue
        public = getattr(found, "__all__", None) if inspect.ismodule(found) else dir(found)
        if name in (public or ()):
            return True
    return False


def page() -> str:
    """Return the page."""
    listed = there()
    counts, missing = [], []
    for space, names in listed.items():
        absent = [name for name in names if not here(space, name)]
        counts.append(
            f"| `{space}` | `{', '.join(PLACES[space])}` | {len(names) - len(absent)} "
            f"| {len(names)} |"
        )
        by_reason: dict[str, list[str]] = {}
        for name in absent:
            reason = REASONS.get(space, {}).get(name, "**unexplained**")
            by_reason.setdefault(reason, []).append(name)
        for reason, group in by_reason.items():
            words = ", ".join(f"`{name}`" for name in group)
            missing.append(f"| `{space}` | {words} | {reason} |")
    version = NAMES.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    return TEXT.format(
        version=version, counts="\n".join(counts), missing="\n".join(missing), **SAMPLES
    )


TEXT = """\
# What PyTorch has, and what is here

`make pages` writes this page. {version}
`make crosscheck` compares these names with those of the PyTorch that is installed. It also runs the
samples of PyTorch's own test databases (`torch.testing._internal`) on what is here: {operations}
variants of functions (`op_db`: values, gradients, second derivatives), {modules} modules
(`module_db`: the same, and state dicts before and after) and {optimizers} optimizers (`optim_db`:
twenty steps and the state after them with each of {settings} settings and flags, and {refusals}
wrong calls). {schedules} schedules run for fifty epochs with drawn settings, one at a time, several
at once, and continued from an epoch.

| there | here | names here | names there |
|---|---|---|---|
{counts}

## What is missing, and why

| namespace | names | reason |
|---|---|---|
{missing}
"""


# --- reading PyTorch's names ------------------------------------------------


def read_names() -> dict[str, list[str]]:
    """Return the public names of the PyTorch that is installed, by namespace."""
    found = {}
    for space in PLACES:
        module, _, last = space.rpartition(".")
        owner = importlib.import_module(module if last[0].isupper() else space)
        if last[0].isupper():
            names = _methods(getattr(owner, last), space)
        elif space == "torch.nn.functional":
            names = _functions(owner)
        elif hasattr(owner, "__all__"):
            names = [n for n in owner.__all__ if not n.startswith("_")]
        else:
            names = [
                n
                for n, v in vars(owner).items()
                if not n.startswith("_") and getattr(v, "__module__", None) == owner.__name__
            ]
        if space == "torch.nn":
            names = [*importlib.import_module("torch.nn.modules").__all__, *_PARAMETERS]
        found[space] = sorted(set(names))
    return found


_PARAMETERS = ["Buffer", "Parameter", "ParameterDict", "ParameterList", "UninitializedBuffer",
               "UninitializedParameter"]  # fmt: skip


def _methods(cls: Any, space: str) -> list[str]:
    names = [n for n in dir(cls) if not n.startswith("_")]
    base = importlib.import_module("torch.nn").Module
    if cls is not base and issubclass(cls, base):
        operators = ["__add__", "__iadd__", "__mul__", "__imul__", "__or__", "__ior__"]
        names = [n for n in names if n not in dir(base) or n in vars(cls)]
        names += [n for n in operators if n in vars(cls)]
    return names


def _functions(module: Any) -> list[str]:
    """Return the functions of torch.nn.functional: it has no list of its public names."""
    own = {"torch.nn.functional", "torch._jit_internal", "torch", None}
    found = []
    for name, value in vars(module).items():
        helper = name in ("assert_int_or_pair", "boolean_dispatch", "handle_torch_function")
        if name.startswith("_") or name.startswith("has_torch") or helper:
            continue
        kept = getattr(value, "__module__", None) in own or inspect.isbuiltin(value)
        if callable(value) and not isinstance(value, type) and kept:
            found.append(name)
    return found


def write_names() -> None:
    """Write docs/pytorch_names.txt."""
    version = importlib.import_module("torch").__version__.partition("+")[0]
    lines = [f"# The names are those of PyTorch {version}."]
    for space, names in read_names().items():
        line = f"{space}:"
        for name in names:
            if len(line) + 1 + len(name) > 99:
                lines.append(line)
                line = f"{space}:"
            line += f" {name}"
        lines.append(line)
    NAMES.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    if "--names" in sys.argv:
        write_names()
    PAGE.write_text(page(), encoding="utf-8")
