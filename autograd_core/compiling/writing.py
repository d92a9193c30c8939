"""A program written out as NumPy source: what a person would have written by hand."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from autograd_core.base.packages import module_of
from autograd_core.compiling.literals import array_literal, comment, literal, one_line
from autograd_core.compiling.memory import Block, Layout
from autograd_core.compiling.naming import Names, gradient_name, hints, identifier
from autograd_core.compiling.program import Program, Step, Value
from autograd_core.compiling.simplify import by_pieces
from autograd_core.compiling.spelling import CALL, SIGN, Text, public_name
from autograd_core.operations.primitive import Primitive
from autograd_core.rules import indexing

_WIDTH = 60  # where comments start, if the code is no longer
FUNCTION = "value_and_gradients"
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Source:
    """The text of a program, and what it refers to.

    Attributes
    ----------
    text : str
        The module: imports, constants, buffers, and one function.
    given : dict
        What the module's names mean that the text cannot say: constants, kernels.
    captured : list of str
        Those of them that are arrays which the function reads from outside.
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
        self.captured: list[str] = []
        for value in program.captured:
            name = self._of[value] = self._names.new(identifier(value.name or "captured"))
            self.given[name] = value.example
            self.captured.append(name)
            described = _described(value.example)
            self._header.append(comment(f"{name}: {described}, captured, read live"))
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
        parts = [f'"""{one_line(title)}"""', "", "import numpy as np", *self._imports]
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
                    wishes = [gradient_name(v, self._of) for v in candidates]
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
            lines.append(self._made(name, "empty", x))
        return lines

    def _made(self, name: str, how: str, x: Any) -> str:
        """Return the line that makes an array like another."""
        order = "" if x.flags.c_contiguous else ', order="F"'
        return f"{name} = np.{how}({x.shape}, {self._constant(x.dtype)}{order})"

    def _returned(self) -> str:
        parts = []
        for out, copied in zip(self.program.outputs, self.layout.copied, strict=True):
            text = self._argument(out)
            parts.append(f"{text.within(CALL)}.{_copied(out)}" if copied else text.text)
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
            index = self._index(step.params["index"])
            if isinstance(step.result.example, np.generic):
                lines = [f"{name} = np.array({x.text})", f"{name}[{index}] = {v.text}"]
                return [*lines, f"{name} = {name}[()]"]
            return [
                f"{name} = {x.within(CALL)}.{_copied(step.args[0])}",
                f"{name}[{index}] = {v.text}",
            ]
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
            lines.append(self._made(name, make, x))
        elif not full:
            lines.append(f"{name}.fill(0)")
        for index, piece in zip(indices, step.args, strict=True):
            text = self._argument(piece).text
            lines.append(f"{name}[{self._index(index)}] = {text}")
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
            condition = self._other_bytes(argument, step.expected)
        elif not _is_told_by_equality(step.expected):
            condition = self._other_bytes(argument, np.asarray(step.args[0].example))
        else:
            condition = f"{argument.text} != {self._argument(step.expected).text}"
        return [f"if {condition}:", f"    return {number}"]

    def _other_bytes(self, argument: Text, wanted: Any) -> str:
        return f"{argument.within(CALL)}.tobytes() != {self._constant(wanted)}.tobytes()"

    def _expression(self, step: Step) -> Text:
        operation = step.operation
        assert operation is not None
        texts = [self._operand(step, k) for k in range(len(step.args))]
        spelling = self.layout.spelling(step)
        settings = {
            k: self._index(v) if operation is indexing.getitem else self._setting(v)
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
                shortest = literal(_shortest(argument))  # none for a long double
                if shortest is not None:
                    return Text(shortest, SIGN if shortest.startswith("-") else CALL)
        return self._argument(argument)

    def _argument(self, argument: Any) -> Text:
        if argument.__class__ is Value:
            if argument in self.layout.inline:
                assert argument.maker is not None
                return self._expression(argument.maker)
            return Text(self._of[argument])
        if argument.__class__ in (list, tuple, dict, slice):
            return Text(self._setting(argument))
        text = literal(argument)
        if text is not None:
            return Text(text, SIGN if text.startswith("-") else CALL)
        return Text(self._constant(argument))

    # --- constants ----------------------------------------------------------

    def _setting(self, value: Any) -> str:
        """Return a setting's text."""
        kind = value.__class__
        if kind is tuple:
            parts = [self._setting(part) for part in value]
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        if kind is list:
            return f"[{', '.join(self._setting(part) for part in value)}]"
        if kind is dict:
            parts = [f"{self._setting(k)}: {self._setting(v)}" for k, v in value.items()]
            return f"{{{', '.join(parts)}}}"
        if kind is slice:
            ends = (value.start, value.stop, value.step)
            return f"slice({', '.join(self._setting(end) for end in ends)})"
        return self._argument(value).text

    def _index(self, index: Any) -> str:
        """Return what stands in square brackets; slices are written with colons."""
        if index.__class__ is not tuple or not index:
            return self._index_part(index)
        return ", ".join(map(self._index_part, index)) + ("," if len(index) == 1 else "")

    def _index_part(self, part: Any) -> str:
        if part.__class__ is not slice:
            return self._setting(part)
        start, stop, step = (
            "" if end is None else self._setting(end) for end in (part.start, part.stop, part.step)
        )
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def _constant(self, value: Any) -> str:
        """Return the name, or the text, of a constant."""
        kind = value.type if isinstance(value, np.dtype) and value.isnative else value
        if isinstance(kind, type):
            name = public_name(kind)
            if name is not None:
                return name
        key: Any = id(value)
        if isinstance(value, np.generic):
            key = (value.dtype, value.tobytes())
        name = self._constants.get(key)
        if name is None:
            name = self._constants[key] = self._names.new("c")
            self.given[name] = value
            self._header.append(comment(f"{name}: {_described(value)}, given"))
            written = array_literal(value)
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
                self._imports.append(comment(f"{name}: the kernel of {operation!r}, given"))
            self.given[name] = operation.forward
        return name


def _copied(argument: Any) -> str:
    """Return the call that copies an array as it lies in memory."""
    x = argument.example if argument.__class__ is Value else argument
    return "copy()" if x.flags.c_contiguous else 'copy("K")'


def _comment(step: Step) -> tuple[str, str]:
    """Return the user's line, and which module was running."""
    return str(step.where), step.scope


def _import(operation: Primitive, name: str) -> str | None:
    """Return the statement that imports a kernel, if its module has a name for it."""
    function = operation.forward
    module = module_of(function)
    own = getattr(function, "__name__", "")
    if (
        _MODULE.fullmatch(module)
        and own.isidentifier()
        and getattr(sys.modules.get(module), own, None) is function
    ):
        return f"from {module} import {own}" + ("" if own == name else f" as {name}")
    return None


def _is_told_by_equality(number: Any) -> bool:
    """Whether == tells a number from all others: not 0.0 from -0.0, not nan from itself."""
    return not isinstance(number, (float, complex)) or (number == number and number != 0)


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    return type(value).__name__


def _shortest(number: Any) -> Any:
    """Return a Python number that NumPy rounds to this one, with few digits if there is one."""
    if isinstance(number, np.floating) and number.dtype.itemsize < 8 and np.isfinite(number):
        return float(str(number))
    return number.item()


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
        lines.append(f"    {code}".ljust(_WIDTH) + f"  {comment(shown)}")
    return lines
