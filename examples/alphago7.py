"""AlphaGo Zero's method on Go, on the board of 7 by 7 (D11, E13).

    python -m examples.alphago7 [--quick] [--out out]

The same as examples.alphago on twice as many points: games are twice as long, and
the search has 48 simulations for 50 moves.  The tower is narrower and the matches
have fewer games, so that all of it ends in ten to twenty minutes of one core.
"""

from __future__ import annotations

from examples import common
from examples.alphago import run


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    return run(7, "alphago7", common.parse(common.parser(__doc__), arguments))


if __name__ == "__main__":
    main()
