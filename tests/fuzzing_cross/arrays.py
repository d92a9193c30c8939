"""Statements of NumPy's functions: elementwise, reductions, shapes, indices, products, linalg."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuzzing_cross.pool import Pool, away, distinct
from fuzzing_cross.statements import Statement


def away_from_zero(x: Any) -> bool:
    return away(x, 0.0)


def _inside(low: float, high: float) -> Any:
    return lambda x: bool(np.all((low < x) & (x < high)))


def _whole(x: Any) -> bool:
    return away(2 * np.asarray(x) - np.rint(2 * np.asarray(x)), 0.0)


SMOOTH = ["sin", "cos", "tanh", "exp", "sinh", "cosh", "square", "negative"]  # complex ones too
REAL = {
    **dict.fromkeys(["arctan", "arcsinh", "expm1", "exp2", "sinc", "i0", "deg2rad"], np.isrealobj),
    **dict.fromkeys(["log", "log2", "log10", "sqrt"], _inside(0.05, 99)),
    **dict.fromkeys(["arcsin", "arccos", "arctanh"], _inside(-0.9, 0.9)),
    **dict.fromkeys(["floor", "ceil", "trunc", "rint"], _whole),
    **dict.fromkeys(["abs", "reciprocal", "sign"], away_from_zero),
    "tan": _inside(-1.3, 1.3), "log1p": _inside(-0.9, 99), "arccosh": _inside(1.05, 99),
}  # fmt: skip
OPERATORS = ["{{0}} * {c}", "{c} - {{0}}", "{{0}} / {p}", "{{0}} + {c}", "{{0}} ** 3", "-{{0}}"]


def unary(pool: Pool) -> Statement | None:
    a = pool.pick()
    x, c, p = pool[a], pool.number(), abs(pool.number()) + 0.5
    if pool.chance(0.25):
        return pool.value(pool.choose(OPERATORS).format(c=c, p=p), a)
    if x.dtype.kind == "c" or pool.chance(0.4):
        return pool.value(f"np.{pool.choose(SMOOTH)}({{0}})", a)
    if pool.chance(0.3):
        text, guard = pool.choose([
            (f"np.clip({{0}}, {c - p}, {c + p})", lambda: away(x, c - p, c + p)),
            (f"{{0}} % {p}", lambda: _whole(x / p / 2)),
            (f"np.where({{0}} > {c}, np.sin({{0}}), {{0}} * {{0}})", lambda: away(x, c)),
            (f"{p} / {{0}}", lambda: away(x, 0.0)),
            (f"{{0}} ** {p}", lambda: np.all(x > 0.1)),
            (f"{p} ** {{0}}", lambda: True),
            ("abs({0})", lambda: away(x, 0.0)),
            (f"np.maximum({{0}}, np.sin({{0}}) + {c})", lambda: away(x - np.sin(x) - c, 0.0)),
        ])  # fmt: skip
        torch = text.replace("np.", "torch.")
        return pool.value(text, a, torch=torch) if guard() else None
    name = pool.choose(list(REAL))
    return pool.value(f"np.{name}({{0}})", a) if REAL[name](x) else None


def binary(pool: Pool) -> Statement | None:
    a = pool.pick()
    b = pool.pick(lambda y: pool.broadcast(pool[a], y))
    if b is None or a == b:
        return None
    x, y = pool[a], pool[b]
    if x.dtype.kind == "c" or pool.chance(0.4):
        if pool.chance(0.3) and away(np.abs(y), 0.0, margin=0.3):
            return pool.value("{0} / {1}", a, b)
        return pool.value(f"{{0}} {pool.choose('+-*')} {{1}}", a, b)
    apart = away(x - y, 0.0)
    options = [
        ("np.maximum({0}, {1})", apart), ("np.minimum({0}, {1})", apart),
        ("np.fmax({0}, {1})", apart), ("np.fmin({0}, {1})", apart),
        ("np.where({0} > {1}, {0} * {1}, {1})", apart),
        ("np.hypot({0}, {1})", away(x, 0.0) and away(y, 0.0)),
        ("np.arctan2({0}, {1})", away(x, 0.0) and away(y, 0.0)),
        ("np.copysign({0}, {1})", away(x, 0.0) and away(y, 0.0)),
        ("np.logaddexp({0}, {1})", True), ("np.logaddexp2({0}, {1})", True),
        ("np.float_power({0}, {1})", x.dtype == float and bool(np.all(x > 0.1))),
        ("np.abs({0}) ** {1}", away(x, 0.0)),
    ]  # fmt: skip
    if away(y, 0.0, margin=0.2):
        fit = _whole(x / y / 2)
        options += [("np.fmod({0}, {1})", fit), ("np.remainder({0}, {1})", fit)]
        options += [("{0} / {1}", True)] * 3
    text, fits = pool.choose(options)
    return pool.value(text, a, b) if fits else None


def converted(pool: Pool) -> Statement | None:
    a = pool.pick()
    x = pool[a]
    if x.dtype.kind == "c":
        if pool.chance(0.25):
            return pool.value("np.conj({0})", a, torch="torch.conj({0}).clone()")  # there a view
        far = away(np.abs(x), 0.0)
        name = pool.choose(["real", "imag", "abs", "angle"] if far else ["real", "imag"])
        if name == "angle" and not (away(np.imag(x), 0.0)):
            return None
        return pool.value(f"np.{name}({{0}})", a)
    if pool.chance(0.5):
        to = "np.float64" if x.dtype == np.float32 else "np.float32"
        return pool.value(f"{{0}}.astype({to})", a)
    b = pool.pick(lambda y: y.shape == x.shape and y.dtype == x.dtype)
    return pool.value(pool.choose(["{0} + 1j * {1}", "np.exp(1j * {0}) * {1}"]), a, b)


def reduction(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.ndim)
    if a is None:
        return None
    x = pool[a]
    axis, keep = pool.axis(x), pool.chance(0.4)
    tail = f"axis={axis}, keepdims={keep}"
    if x.dtype.kind == "c" or pool.chance(0.4):
        return pool.value(f"np.{pool.choose(['sum', 'mean'])}({{0}}, {tail})", a)
    one = axis if isinstance(axis, int) else int(pool.rng.integers(x.ndim))
    apart, many = distinct(x), x.shape[one] > 1
    dims = tuple(range(x.ndim)) if axis is None else axis
    options = [
        (f"np.max({{0}}, {tail})", f"torch.amax({{0}}, {dims}, {keep})", apart),
        (f"np.min({{0}}, {tail})", f"torch.amin({{0}}, {dims}, {keep})", apart),
        (f"np.var({{0}}, {tail})", f"torch.var({{0}}, {dims}, correction=0, keepdim={keep})", True),
        (f"np.std({{0}}, {tail}, ddof=1)", f"torch.std({{0}}, {dims}, keepdim={keep})",
         apart and many),
        (f"np.prod({{0}}, axis={one})", f"torch.prod({{0}}, {one})", True),
        (f"np.cumsum({{0}}, axis={one})", None, True),
        (f"np.cumprod({{0}}, axis={one})", None, True),
        (f"np.maximum.accumulate({{0}}, axis={one})", f"torch.cummax({{0}}, {one}).values", apart),
        (f"np.minimum.accumulate({{0}}, axis={one})", f"torch.cummin({{0}}, {one}).values", apart),
        (f"np.logaddexp.reduce({{0}}, axis={one})", f"torch.logsumexp({{0}}, {one})", True),
        (f"np.logaddexp.accumulate({{0}}, axis={one})", f"torch.logcumsumexp({{0}}, {one})", True),
        (f"np.diff({{0}}, axis={one})", f"torch.diff({{0}}, dim={one})", many),
        (f"np.trapezoid({{0}}, dx=0.5, axis={one})", f"torch.trapezoid({{0}}, dx=0.5, dim={one})",
         many),
        (f"np.sort({{0}}, axis={one})", f"torch.sort({{0}}, {one}).values", apart),
        (f"np.take_along_axis({{0}}, np.argsort({{0}}, {one}), {one})",
         f"torch.gather({{0}}, {one}, torch.argsort({{0}}, {one}))", apart),
        (f"np.quantile({{0}}, 0.3, axis={one})", f"torch.quantile({{0}}, 0.3, dim={one})",
         apart and x.dtype == float),
        (f"np.median({{0}}, axis={one})", f"torch.median({{0}}, dim={one}).values",
         apart and x.shape[one] % 2),
        (f"np.linalg.norm({{0}}, axis={one}, keepdims={keep})", None, away(x, 0.0)),
        (f"np.linalg.norm({{0}}, ord=3, axis={one})", f"torch.linalg.norm({{0}}, ord=3, dim={one})",
         away(x, 0.0)),
        (f"np.linalg.norm({{0}}, ord=1, axis={one})", f"torch.linalg.norm({{0}}, ord=1, dim={one})",
         away(x, 0.0)),
        (f"np.linalg.norm({{0}}, ord=np.inf, axis={one})",
         f"torch.linalg.norm({{0}}, ord=torch.inf, dim={one})", away(x, 0.0) and distinct(abs(x))),
        (f"np.ptp({{0}}, axis={one})",
         f"torch.amax({{0}}, {one}) - torch.amin({{0}}, {one})", apart and many),
    ]  # fmt: skip
    text, torch, fits = pool.choose(options)
    jax = "" if "accumulate" in text or "logaddexp.reduce" in text else None
    return pool.value(text, a, torch=torch, jax=jax) if fits else None


def shape(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.ndim)
    if a is None:
        return None
    x = pool[a]
    n, k = x.ndim, int(pool.rng.integers(x.ndim))
    j, shift = int(pool.rng.integers(n)), int(pool.rng.integers(-2, 3))
    axes = tuple(int(i) for i in pool.rng.permutation(n))
    pads = tuple((int(p), int(q)) for p, q in pool.rng.integers(0, 2, (n, 2)))
    flat = [w for pair in reversed(pads) for w in pair]
    new = pool.choose([(-1,), (x.size,), (-1, x.shape[0]), (1, -1), x.shape[::-1]])
    options: list[tuple[str, str | None]] = [
        (f"np.reshape({{0}}, {new})", None), (f"{{0}}.reshape{new}", None),
        (f"np.transpose({{0}}, {axes})", None), (f"np.swapaxes({{0}}, {k}, {j})", None),
        (f"np.moveaxis({{0}}, {k}, {j})", None), (f"np.expand_dims({{0}}, {k})", None),
        ("np.ravel({0})", None), ("np.squeeze({0})", None),
        (f"np.flip({{0}}, axis={k})", f"torch.flip({{0}}, ({k},))"),
        (f"np.roll({{0}}, {shift}, {k})", None),
        (f"np.repeat({{0}}, 2, axis={k})", f"torch.repeat_interleave({{0}}, 2, dim={k})"),
        ("np.tile({0}, (2,))", None),
        ("np.broadcast_to({0}, (2, *{0}.shape))", None),
        (f"np.pad({{0}}, {pads})", f"F.pad({{0}}, {flat})"),
        ("np.atleast_2d({0})", None),
    ]  # fmt: skip
    if n >= 2:
        options += [(f"np.tril({{0}}, {shift})", None), (f"np.triu({{0}}, {shift})", None),
                    ("np.diagonal({0})", None), ("{0}.mT", None),
                    (f"np.rot90({{0}}, {shift})", f"torch.rot90({{0}}, {shift})")]  # fmt: skip
    if n == 2:
        options += [("np.trace({0})", None), ("np.diag({0})", None), ("{0}.T", None)]
    text, torch = pool.choose(options)
    return pool.value(text, a, torch=torch)


def join(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.ndim)
    if a is None:
        return None
    x = pool[a]
    k, c = int(pool.rng.integers(x.ndim)), pool.number()
    b = pool.pick(lambda y: y.shape == x.shape and y.dtype == x.dtype)
    cut, part = int(pool.rng.integers(x.shape[k] + 1)), pool.choose([0, 1])
    return pool.choose([
        pool.value(f"np.concatenate([{{0}}, {{1}}], axis={k})", a, b),
        pool.value(f"np.concatenate([{{0}}, {{0}} * {c}], axis={k})", a),
        pool.value(f"np.stack([{{0}}, {{1}}, {{0}}], axis={k})", a, b),
        pool.value(f"np.split({{0}}, [{cut}], axis={k})[{part}]", a,
                   torch=f"torch.tensor_split({{0}}, [{cut}], dim={k})[{part}]"),
        pool.value("np.vstack([{0}, {1}])", a, b), pool.value("np.hstack([{0}, {1}])", a, b),
        pool.value("{0}[0] * {1}[-1]", a, b),
        pool.value(f"sum(r * {c} for r in {{0}})", a),
    ])  # fmt: skip


def indexing(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.ndim)
    if a is None:
        return None
    x = pool[a]
    if pool.chance(0.2):
        ks = [int(i) for i in pool.rng.integers(0, x.shape[-1], 3)]
        return pool.value(f"np.take({{0}}, I({ks}), axis=-1)", a,
                          torch=f"torch.index_select({{0}}, -1, I({ks}))")  # fmt: skip
    return pool.value(f"{{0}}[{pool.index(x)}]", a)


def product(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.ndim)
    if a is None:
        return None
    x = pool[a]
    if pool.chance(0.35):
        b = pool.pick(lambda y: y.ndim and y.dtype == x.dtype and y.ndim + x.ndim < 6)
        return None if b is None else pool.value(_einsum(pool, x, pool[b]), a, b)
    b = pool.pick(lambda y: y.dtype == x.dtype and pool.multiplies(x, y))
    if b is None:
        b = pool.pick(lambda y: y.dtype == x.dtype and y.ndim)
        if b is None:
            return None
        if x.ndim == pool[b].ndim == 1:
            return pool.value("np.outer({0}, {1})", a, b)
        # PyTorch's kron does not notice when its arguments are written into afterwards
        copied = "torch.kron({0} * 1, {1} * 1)"
        same = x.ndim == pool[b].ndim
        return pool.value("np.kron({0}, {1})", a, b, torch=copied) if same else None
    y = pool[b]
    texts = ["{0} @ {1}", "{0} @ {1}", "np.matmul({0}, {1})"]
    if x.ndim == y.ndim == 1:
        texts += ["np.dot({0}, {1})", "np.inner({0}, {1})", "np.vdot({0}, {1})"]
    if x.ndim == y.ndim == 2:
        texts += ["np.tensordot({0}, {1}, 1)", "np.inner({0}, {1}.T)"]
    return pool.value(pool.choose(texts), a, b)


def _einsum(pool: Pool, x: Any, y: Any) -> str:
    """Random letters: equal lengths may share one, in an operand too."""
    sizes: dict[str, int] = {}
    words = []
    for n in (*x.shape, -1, *y.shape):
        same = [letter for letter, size in sizes.items() if size == n]
        if n < 0:
            words.append(",")
        elif same and pool.chance(0.6):
            words.append(pool.choose(same))
        else:
            sizes["ijklmn"[len(sizes)]] = n
            words.append("ijklmn"[len(sizes) - 1])
    out = [letter for letter in sizes if pool.chance(0.5)]
    pool.rng.shuffle(out)
    return f"np.einsum('{''.join(words)}->{''.join(out)}', {{0}}, {{1}})"


def linalg(pool: Pool) -> Statement | None:
    def square(x: Any) -> bool:
        return x.ndim >= 2 and x.shape[-1] == x.shape[-2] and x.dtype.kind == "f"

    a = pool.pick(square)
    if a is None:
        return None
    x = pool[a]
    m = f"({{0}} @ {{0}}.mT + 2.0 * np.eye({x.shape[-1]}, dtype={{0}}.dtype))"
    gram = x @ x.mT
    apart = distinct(np.linalg.eigvalsh(gram), 0.05) and np.min(np.linalg.eigvalsh(gram)) > 0.05
    full = np.min(np.linalg.eigvalsh(gram)) > 0.05
    matrix = x.ndim == 2
    text, torch, fits = pool.choose([
        (f"np.linalg.inv({m})", None, True), (f"np.linalg.det({m}) * 0.1", None, True),
        (f"np.linalg.slogdet({m})[1]", None, True), (f"np.linalg.cholesky({m})", None, True),
        (f"np.linalg.solve({m}, {{0}})", None, True), ("np.linalg.det({0})", None, full),
        ("np.linalg.inv({0})", None, full), ("np.linalg.matrix_power({0}, 3)", None, True),
        (f"np.linalg.eigvalsh({m})", None, apart),
        (f"np.linalg.eigh({m})[1] ** 2", None, apart),
        ("np.linalg.svd({0}, compute_uv=False)", "torch.linalg.svdvals({0})", apart),
        ("np.linalg.svd({0})[0] ** 2", None, apart),
        ("np.linalg.qr({0})[0]", None, full), ("np.linalg.qr({0})[1]", None, full),
        ("np.linalg.pinv({0})", None, full), ("np.linalg.norm({0})", None, full),
        ("np.linalg.norm({0}, ord=2)", None, apart and matrix),
        ("np.linalg.norm({0}, ord='nuc')", None, apart and matrix),
        ("np.linalg.norm({0}, ord=1)", None, matrix and away(x, 0.0) and distinct(abs(x).sum(0))),
        ("np.linalg.multi_dot([{0}, {0}.T, {0}])", None, matrix),
        ("np.linalg.lstsq({0}, {0}.T * 2.0)[0]", "torch.linalg.lstsq({0}, {0}.T * 2.0)[0]",
         matrix and full),
    ])  # fmt: skip
    return pool.value(text, a, torch=torch) if fits else None


def fourier(pool: Pool) -> Statement | None:
    a = pool.pick(lambda x: x.ndim)
    if a is None:
        return None
    x = pool[a]
    k, n = int(pool.rng.integers(x.ndim)), int(pool.rng.integers(2, 5))
    norm = pool.choose(["None", "'ortho'", "'forward'"])
    names = ["fft", "ifft"] if x.dtype.kind == "c" else ["fft", "ifft", "rfft", "ihfft"]
    if x.dtype.kind == "c" and x.shape[k] > 1:
        names += ["irfft", "hfft"]
    name = pool.choose(names)
    if name in ("irfft", "hfft"):  # other imaginary parts are dropped, by each library otherwise
        n = 2 * x.shape[k] - 1
    return pool.value(f"np.fft.{name}({{0}}, {n}, {k}, {norm})", a)


FAMILIES = [
    unary, unary, unary, unary, binary, binary, binary, reduction, reduction, reduction, shape,
    shape, join, indexing, indexing, product, product, linalg, converted, fourier,
]  # fmt: skip
