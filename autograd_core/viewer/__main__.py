"""Draw the last sweep back of any script, without changing the script.

``python -m autograd_core.viewer script.py --out page.html [-- the script's arguments]``
"""

from __future__ import annotations

import argparse
import runpy
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from autograd_core.base.errors import AutogradError
from autograd_core.base.printing import printable
from autograd_core.engine.graph import Graph
from autograd_core.viewer import failed
from autograd_core.viewer.animation import Animation
from autograd_core.viewer.drawing import Drawing
from autograd_core.viewer.watching import LatestSweep

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m autograd_core.viewer",
        description="Run a script and draw its last sweep back (backward, gradients, grad, vjp).",
    )
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("script", nargs="?", help="a Python file; it runs as it is")
    what.add_argument("-m", dest="module", metavar="MODULE", help="a module, as after python -m")
    made.add_argument("--out", default="graph.html", help=".html .svg .txt .dot .png .pdf")
    made.add_argument("--mode", choices=("reverse", "forward"), default="reverse")
    made.add_argument("--depth", default="auto", help='"auto", "all" or a number of levels')
    made.epilog = "The script's own arguments follow after --. Its exit status is kept."
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a script, then draw; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index("--") if "--" in given else len(given)
    options = parser().parse_args(given[:split])
    depth: str | int = int(options.depth) if options.depth.isdigit() else options.depth
    if options.module is None and not Path(options.script).is_file():
        _say(f"{options.script}: there is no such file")
        return 2
    watch = LatestSweep()
    error = _run(watch, options.script, options.module, given[split + 1 :])
    status = _status(error)
    title = options.module or Path(options.script).name
    try:
        with watch.numbers_of_then():
            drawing = _drawing(watch, error, depth)
            if drawing.failure is None:
                title = f"{title}: backward pass {watch.count}"
            path = Path(options.out)
            if path.suffix in (".html", ".htm"):
                Animation(drawing, options.mode, title=title).save(path)
            else:
                drawing.save(path)
    except AutogradError as problem:
        _say(str(problem))
        return status or 1
    counts = f"{len(drawing.graph):,} operations and leaves, shown as {len(drawing.cards):,}"
    print(printable(f"{path}: {counts}"))
    return status


def _run(
    watch: LatestSweep, script: str | None, module: str | None, arguments: list[str]
) -> BaseException | None:
    """Run a script or a module; return what ended it, if something did."""
    before = sys.argv[:], sys.path[:]
    sys.argv = [str(script or module), *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent) if script else str(Path.cwd()))
    try:
        with watch:
            if script is not None:
                runpy.run_path(script, run_name="__main__")
            else:
                runpy.run_module(str(module), run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        if stop.code is not None and not isinstance(stop.code, int):
            _say(str(stop.code))  # as Python does
        return stop
    except KeyboardInterrupt as stop:
        _say("Interrupted: this is what there was.")
        return stop
    except Exception as stopped:  # any error of the script's: what ran before it is drawn
        _say(_traceback(stopped).rstrip("\n"))
        return stopped
    finally:
        sys.argv, sys.path[:] = before
    return None


def _traceback(error: BaseException) -> str:
    """Return the traceback as Python prints it, without what ran the script."""
    at = error.__traceback__
    while at is not None and _runs(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at))


def _runs(filename: str) -> bool:
    return filename in (__file__, runpy.__file__) or "runpy" in filename.rpartition(" ")[2]


def _status(error: BaseException | None) -> int:
    """Return the exit status that Python would end the script with."""
    if isinstance(error, SystemExit):
        code = error.code
        return code if isinstance(code, int) else int(code is not None)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return int(error is not None)


def _drawing(watch: LatestSweep, error: BaseException | None, depth: str | int) -> Drawing:
    stopped = isinstance(error, Exception)
    if stopped or (isinstance(error, KeyboardInterrupt) and not watch.outputs):
        assert error is not None
        try:
            failure = failed.examine(error)
        except AutogradError:
            if not watch.outputs:
                raise
        else:
            graph = Graph(*failure.outputs)
            return Drawing(graph, failure.variables, depth=depth, failure=failure)
    if not watch.outputs:
        raise AutogradError(
            "The script called no backward(), gradients(), grad or vjp, so there is nothing to "
            "draw."
        )
    return watch.drawing(depth=depth)


def _say(text: str) -> None:
    print(printable(text, getattr(sys.stderr, "encoding", None)), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
