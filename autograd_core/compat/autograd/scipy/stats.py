"""scipy.stats, differentiable: `autograd_core.scipy.stats`; each distribution is also a module."""

import sys
from typing import Any

from autograd_core.scipy import stats as _own

__path__: list[str] = []  # so that `import autograd.scipy.stats.norm as norm` finds the one below
for _name in ("beta", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"):
    sys.modules.setdefault(f"{__name__}.{_name}", getattr(_own, _name))


def __getattr__(name: str) -> Any:
    return getattr(_own, name)


def __dir__() -> list[str]:
    return dir(_own)
