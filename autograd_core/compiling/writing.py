"""A program written out as NumPy source: what a person would have written by hand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autograd_core.compiling.memory import Block, Layout
from autograd_core.compiling.naming import Names, hints, identifier, wish_for
from autograd_core.compiling.program import Program, Step, Value
from autograd_core.compiling.simplify import by_pieces
from autograd_core.compiling.spelling import CALL, SIGN, Text, public_name
from autograd_core.primitive import Primitive
from autograd_core.rules import indexing

_WIDTH = 60  # where comments start, if the code is no longer
FUNCTION = "value_and_gradients"
INFINITE = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}


class Source:
    """The text of a program, and what it refers to.

    Attributes
    ----------
    text : str
        The module: imports, constants, buffers, and one function.
    given : dict
        What the module's names mean that the text cannot say: constants, kernels.
    guards : list of Step
        The function returns the number of a guard that does not hold.
    """

    def __init__(self, program: Program, title: str) -> None:
        self.program = program
        self.known = hints(program)
        self.layout = Layout(program, self.known)
        self.given: dict[str, Any] = {}
        self.guards: list[Step] = []
        self._names = Names([FUNCTION])
        self._of: dict[Value, str] = {}
        self._of_block: dict[Block, str] = {}
        self._constants: dict[Any, str] = {}
        self._kernels: dict[Any, str] = {}
        self._imports: list[str] = []
        self._header: list[str] = []
        for value in program.inputs:
            self._of[value] = self._names.new(identifier(value.name or "w"))
        for value in program.captured:
            name = self._of[value] = self._names.new(identifier(value.name or "captured"))
            self.given[name] = value.example
            self._header.append(f"# {name}: {_described(value.example)}, captured, read live")
        self.text = self._written(title)

    # --- the whole ----------------------------------------------------------

    def _written(self, title: str) -> str:
        body: list[tuple[str, str, str]] = []
        backward = False
        self._name_values()
        for step in self.layout.lines:
            if step.backward and not backward:
                body.append(("", "", ""))
                body.append(("# --- backward ---", "", ""))
                backward = True
            for line in self._lines(step):
                body.append((line, *_comment(step)))
        body.append((f"return {self._returned()}", "", ""))
        arguments = ", ".join(self._of[v] for v in self.program.inputs)
        parts = [f'"""{title}"""', "", "import numpy as np", *self._imports]
        if self._header:
            parts += ["", *self._header]
        buffers = self._buffer_lines()
        if buffers:
            parts += ["", "# Buffers: allocated once, written anew by every call.", *buffers]
        parts += ["", "", f"def {FUNCTION}({arguments}):", "    # --- forward ---"]
        parts += _commented(body)
        return "\n".join(parts) + "\n"

    def _name_values(self) -> None:
        """Name blocks first, after the best name among their values."""
        blocks = dict.fromkeys(self.layout.blocks.values())
        first_of = {b.values[0]: b for b in blocks}
        for step in self.layout.lines:
            for value in step.results:
                if value is None or step.operation is None or value in self._of:
                    continue
                block = self.layout.blocks.get(value)
                if block is not None and value not in first_of:
                    self._of[value] = self._of_block[block]
                    continue
                candidates = [value] if block is None else list(reversed(block.values))
                if step.backward:
                    wishes = [wish_for(v, self.known, self._of) for v in candidates]
                else:  # a value that a gradient overwrites later keeps the value's name
                    wishes = [self.known.get(v) for v in candidates]
                wish = next((w for w in wishes if w), "")
                name = self._of[value] = self._names.new(wish)
                if block is not None:
                    self._of_block[block] = name

    def _buffer_lines(self) -> list[str]:
        lines = []
        for block, name in self._of_block.items():
            if not block.buffer:
                continue
            if block.shares is not None:
                other = self._of_block[block.shares]
                lines.append(f"{name} = {other}  # free again by then")
                continue
            x = block.values[0].example
            order = "" if x.flags.c_contiguous else ', order="F"'
            lines.append(f"{name} = np.empty({x.shape}, {self._constant(x.dtype)}{order})")
        return lines

    def _returned(self) -> str:
        parts = []
        for out, copied in zip(self.program.outputs, self.layout.copied, strict=True):
            text = self._argument(out)
            parts.append(f"{text.within(CALL)}.copy()" if copied else text.text)
        return ", ".join(parts) + ("," if len(parts) == 1 else "")

    # --- lines --------------------------------------------------------------

    def _lines(self, step: Step) -> list[str]:
        if step.operation is None:
            return self._guard(step)
        if step.multiple:
            names = ", ".join("_" if v is None else self._of[v] for v in step.results)
            comma = "," if len(step.results) == 1 else ""
            return [f"{names}{comma} = {self._expression(step).text}"]
        name = self._of[step.result]
        block = self.layout.blocks.get(step.result)
        in_place = block is not None and (block.buffer or step.result is not block.values[0])
        if by_pieces(step):
            return self._pieces(step, name, block is not None and block.buffer)
        if step.operation is indexing.setitem:
            x, v = (self._argument(a) for a in step.args)
            index = self._setting(step.params["index"], brackets=True)
            return [f"{name} = {x.within(CALL)}.copy()", f"{name}[{index}] = {v.text}"]
        spelling = self.layout.spelling(step)
        if in_place and spelling is not None and spelling.into:
            parts = [self._operand(step, k).text for k in range(len(step.args))]
            parts += [f"{k}={self._setting(v)}" for k, v in step.params.items()]
            return [f"{spelling.into}({', '.join(parts)}, out={name})"]
        return [f"{name} = {self._expression(step).text}"]

    def _pieces(self, step: Step, name: str, buffer: bool) -> list[str]:
        """Write an array piece by piece."""
        x = step.result.example
        indices = step.params["index"]
        if step.operation is indexing.scatter:
            indices = [indices]
        covered = np.zeros(x.shape, dtype=bool)
        for index in indices:
            covered[index] = True
        full = bool(covered.all())
        lines = []
        if not buffer:
            make = "empty" if full else "zeros"
            lines.append(f"{name} = np.{make}({x.shape}, {self._constant(x.dtype)})")
        elif not full:
            lines.append(f"{name}.fill(0)")
        for index, piece in zip(indices, step.args, strict=True):
            text = self._argument(piece).text
            lines.append(f"{name}[{self._setting(index, brackets=True)}] = {text}")
        return lines

    def _guard(self, step: Step) -> list[str]:
        number = len(self.guards)
        self.guards.append(step)
        argument = self._argument(step.args[0])
        if step.test == "bool":
            condition = f"not {argument.text}" if step.expected else argument.text
        elif step.test == "shape":
            condition = f"{argument.within(CALL)}.shape != {step.expected}"
        elif step.test == "array":
            condition = f"not np.array_equal({argument.text}, {self._constant(step.expected)})"
        elif step.expected != step.expected:  # NaN
            condition = f"{argument.text} == {argument.text}"
        else:
            condition = f"{argument.text} != {self._number(step.expected)}"
        return [f"if {condition}:", f"    return {number}"]

    def _expression(self, step: Step) -> Text:
        operation = step.operation
        assert operation is not None
        texts = [self._operand(step, k) for k in range(len(step.args))]
        spelling = self.layout.spelling(step)
        settings = {
            k: self._setting(v, brackets=operation is indexing.getitem)
            for k, v in step.params.items()
            if not (operation.forward is not None and v is np._NoValue)
        }
        if spelling is not None:
            return spelling.text(texts, settings)
        listed = [t.text for t in texts] + [f"{k}={v}" for k, v in settings.items()]
        return Text(f"{self._kernel(operation)}({', '.join(listed)})")

    def _operand(self, step: Step, k: int) -> Text:
        """Return an argument's text; a number beside an array of its kind is written plainly."""
        argument = step.args[k]
        if isinstance(argument, np.generic) and isinstance(argument, np.number):
            others = [a.example for j, a in enumerate(step.args) if j != k and a.__class__ is Value]
            plain = step.operation is not None and step.operation.category == "elementwise"
            if plain and any(x.dtype == argument.dtype for x in others):
                return self._plain_number(_shortest(argument))
        return self._argument(argument)

    def _argument(self, argument: Any) -> Text:
        if argument.__class__ is Value:
            if argument in self.layout.inline:
                assert argument.maker is not None
                return self._expression(argument.maker)
            return Text(self._of[argument])
        if isinstance(argument, (list, tuple)) and not hasattr(argument, "_fields"):
            return Text(self._setting(argument))
        if isinstance(argument, (int, float, complex)) and not isinstance(argument, np.generic):
            return self._plain_number(argument)
        return Text(self._constant(argument))

    # --- constants ----------------------------------------------------------

    def _plain_number(self, value: Any) -> Text:
        text = self._number(value)
        return Text(text, SIGN if text.startswith("-") else CALL)

    def _number(self, value: Any) -> str:
        return INFINITE.get(repr(value), repr(value))

    def _setting(self, value: Any, brackets: bool = False) -> str:
        """Return a setting's text; inside of brackets slices are written with colons."""
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            parts = [self._setting(part, brackets) for part in value]
            inside = ", ".join(parts) + ("," if len(parts) == 1 else "")
            return inside if brackets and parts else f"({inside})"
        if value.__class__ is list:
            return f"[{', '.join(self._setting(part) for part in value)}]"
        if isinstance(value, slice):
            ends = ["" if v is None else repr(v) for v in (value.start, value.stop)]
            if brackets:
                return ":".join(ends) + ("" if value.step is None else f":{value.step!r}")
            return repr(value)
        if value is Ellipsis:
            return "..."
        if isinstance(value, float):
            return self._number(float(value)) if value.__class__ is float else self._constant(value)
        if value is None or value.__class__ in (int, bool, str, complex):
            return repr(value)
        return self._argument(value).text

    def _constant(self, value: Any) -> str:
        """Return the name, or the text, of a constant."""
        kind = value.type if isinstance(value, np.dtype) and value.isnative else value
        if isinstance(kind, type):
            name = public_name(kind)
            if name is not None:
                return name
        if isinstance(value, (bool, int, str)) and not isinstance(value, np.generic):
            return repr(value)
        key = id(value)
        if isinstance(value, np.generic):
            key = hash((value.dtype.str, value.tobytes()))
        name = self._constants.get(key)
        if name is None:
            name = self._constants[key] = self._names.new("c")
            self.given[name] = value
            self._header.append(f"# {name}: {_described(value)}, given")
            written = _literal(value)
            if written is not None:
                del self.given[name]
                self._header[-1] = f"{name} = {written}"
        return name

    def _kernel(self, operation: Primitive) -> str:
        """Return the name of an operation's own function."""
        name = self._kernels.get(operation)
        if name is None:
            public = public_name(operation.forward)
            if public is not None:
                name = self._kernels[operation] = public
                return name
            name = self._kernels[operation] = self._names.new(identifier(operation.name))
            statement = _import(operation, name)
            if statement:
                self._imports.append(statement)
            else:
                self._imports.append(f"# {name}: the kernel of {operation!r}, given")
            self.given[name] = operation.forward
        return name


def _comment(step: Step) -> tuple[str, str]:
    """Return the user's line, and which module was running."""
    return str(step.where), step.scope


def _import(operation: Primitive, name: str) -> str | None:
    """Return the statement that imports a kernel, if its module has a name for it."""
    function = operation.forward
    module = getattr(function, "__module__", None) or ""
    own = getattr(function, "__name__", "")
    if own.isidentifier() and getattr(sys.modules.get(module), own, None) is function:
        return f"from {module} import {own}" + ("" if own == name else f" as {name}")
    return None


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    return type(value).__name__


def _shortest(number: Any) -> Any:
    """Return a Python number that NumPy rounds to this one, with few digits if there is one."""
    if isinstance(number, np.floating) and number.dtype.itemsize < 8 and np.isfinite(number):
        short = float(str(number))
        if number.dtype.type(short) == number:
            return short
    return number.item()


def _literal(value: Any) -> str | None:
    """Return the text of a small or regular constant."""
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "biuf":
        kind = f"np.{value.dtype.type.__name__}"
        if not value.dtype.isnative or not value.flags.c_contiguous:
            return None
        for number, name in ((0, "zeros"), (1, "ones")):
            if (value == number).all() and not np.signbit(value.astype(float)).any():
                return f"np.{name}({value.shape}, {kind})"
        if value.dtype == int and value.ndim == 1 and np.array_equal(value, np.arange(value.size)):
            return f"np.arange({value.size})"
        return None
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        text = repr(value)
        return text if text.startswith("np.") and "nan" not in text and "inf" not in text else None
    return None


def _commented(body: list[tuple[str, str, str]]) -> list[str]:
    """Return the lines, each with the user's line; in full where another line begins."""
    lines = []
    last = ""
    for code, where, scope in body:
        if not where:
            lines.append(f"    {code}".rstrip())
            last = ""
            continue
        place, _, text = where.partition("  ")
        inside = f" in {scope}" if scope else ""
        shown = f"{place}{inside}" + (f"  {text}" if where != last else "")
        last = where
        lines.append(f"    {code}".ljust(_WIDTH) + f"  # {shown.rstrip()}")
    return lines
