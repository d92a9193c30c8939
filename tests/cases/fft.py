"""numpy.fft, through real and imaginary parts."""

from __future__ import annotations

import numpy as np

from cases.case import Case, named, real


def parts(f):
    """The real and imaginary part of a complex result of a complex argument."""

    def run(x, y):
        z = f(x + 1j * y)
        return np.real(z), np.imag(z)

    return run


def real_parts(f):
    def run(x):
        z = f(x)
        return np.real(z), np.imag(z)

    return run


SETTINGS = [
    ("plain", {}),
    ("short", {"n": 3}),
    ("long", {"n": 7}),
    ("axis", {"axis": 0}),
    ("ortho", {"norm": "ortho"}),
    ("forward", {"norm": "forward", "axis": -2}),
]
SEVERAL = [
    ("plain", {}),
    ("lengths", {"s": (3, 6), "axes": (0, 1)}),
    ("one-axis", {"axes": (0,)}),
    ("ortho", {"norm": "ortho"}),
    ("turned", {"axes": (1, 0)}),
    ("kept", {"s": (-1, 3), "axes": (0, 1)}),
]

CASES: list[Case] = [
    *[
        named(
            f"{f.__name__}-{label}",
            parts(lambda z, f=f, k=k: f(z, **k)),
            real(4, 5),
            real(4, 5),
            analytic=False,
        )
        for f in (np.fft.fft, np.fft.ifft)
        for label, k in SETTINGS
    ],
    *[
        named(
            f"{f.__name__}-real-{label}",
            real_parts(lambda x, f=f, k=k: f(x, **k)),
            real(4, 5),
            analytic=False,
        )
        for f in (np.fft.rfft, np.fft.ihfft, np.fft.fft, np.fft.ifft)
        for label, k in SETTINGS
    ],
    *[
        named(
            f"{f.__name__}-{label}",
            lambda x, y, f=f, k=k: f(x + 1j * y, **k),
            real(4, 5),
            real(4, 5),
            analytic=False,
        )
        for f in (np.fft.irfft, np.fft.hfft)
        for label, k in SETTINGS
    ],
    *[
        named(
            f"{f.__name__}-{label}",
            parts(lambda z, f=f, k=k: f(z, **k)),
            real(4, 5),
            real(4, 5),
            analytic=False,
        )
        for f in (np.fft.fft2, np.fft.ifft2, np.fft.fftn, np.fft.ifftn)
        for label, k in SEVERAL
    ],
    *[
        named(
            f"{f.__name__}-{label}",
            real_parts(lambda x, f=f, k=k: f(x, **k)),
            real(4, 5),
            analytic=False,
        )
        for f in (np.fft.rfft2, np.fft.rfftn)
        for label, k in SEVERAL
    ],
    *[
        named(
            f"{f.__name__}-{label}",
            lambda x, y, f=f, k=k: f(x + 1j * y, **k),
            real(4, 5),
            real(4, 5),
            analytic=False,
        )
        for f in (np.fft.irfft2, np.fft.irfftn)
        for label, k in SEVERAL
    ],
    named(
        "irfft-cube",
        lambda x, y: np.fft.irfft(x + 1j * y, axis=0),
        real(3, 2, 2),
        real(3, 2, 2),
        analytic=False,
    ),
    named("fftshift", np.fft.fftshift, real(3, 4)),
    named("fftshift-axis", lambda x: np.fft.fftshift(x, axes=0), real(3, 4)),
    named("ifftshift", np.fft.ifftshift, real(3, 5)),
    named("ifftshift-axes", lambda x: np.fft.ifftshift(x, axes=(1,)), real(3, 5)),
]
