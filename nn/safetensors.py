"""The safetensors format: what its header says, checked as if a stranger had written it.

8 bytes (little-endian) with the length of a JSON header, the header (name ->
dtype, shape, offsets), then the numbers.  See https://huggingface.co/docs/safetensors.

Everything here raises a ValueError; `nn.serialization` adds the file's name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

WIDTHS = {  # bits of one element
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "C64": 64,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F8_E8M0": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
CODES = {  # those that NumPy has too
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "C64": "<c8", "BOOL": "|b1",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
}  # fmt: skip
KINDS = {np.dtype(code): kind for kind, code in CODES.items()}

_METADATA = "__metadata__"
_LONGEST_ENTRY = 10_000  # characters; 64 axes of 20 digits, indented, take a third of that
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = json.JSONDecoder()
_PAIRS = json.JSONDecoder(object_pairs_hook=list)


class Entry(NamedTuple):
    """What the header says of one array: its dtype's name, its shape, its place in the data."""

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int

    def __str__(self) -> str:
        return f"{self.kind} of shape {self.shape}"


def shown(value: Any) -> str:
    """Return a name out of a file as a message shows it: escaped, and not longer than a line.

    Examples
    --------
    >>> shown("w"), len(shown("w" * 1000))
    ("'w'", 83)
    """
    text = repr(value[:200] if isinstance(value, str) else value)
    return text if len(text) <= 80 else text[:80] + "..."


# --- reading a header -------------------------------------------------------


class _Scanner:
    """JSON read a piece at a time: what does not belong there is refused before it takes memory."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def take(self, signs: str) -> str:
        """Return the next sign, which has to be one of these."""
        place = _SPACE.match(self.text, self.place).end()  # type: ignore[union-attr]
        sign = self.text[place : place + 1]
        if not sign or sign not in signs:
            wanted = " or ".join(signs)
            raise json.JSONDecodeError(f"{sign!r} where {wanted} belongs", "", place)
        self.place = place + 1
        return sign

    def string(self) -> str:
        """Return the string whose first quotation mark was taken."""
        value, self.place = _STRING.raw_decode(self.text, self.place - 1)
        value.isascii() or value.encode()  # half of a surrogate pair is no text
        return str(value)

    def members(self, what: str) -> Iterator[str]:
        """Yield the names of an object; who asks reads each value before the next name."""
        self.take("{")
        seen = set()
        sign = self.take('"}')
        while sign == '"':
            name = self.string()
            if name in seen:
                raise ValueError(f"{shown(name)} is there twice in {what}.")
            seen.add(name)
            self.take(":")
            yield name
            sign = self.take(",}")
            if sign == ",":
                sign = self.take('"')

    def entry(self, name: str) -> Entry:
        """Return the description of an array; it has no object within it."""
        where = _SPACE.match(self.text, self.place).end()  # type: ignore[union-attr]
        end = self.text.find("}", where, where + _LONGEST_ENTRY) + 1
        text = self.text[where:end]
        if not text.startswith("{"):
            raise ValueError(f"{shown(name)}: {_FIELDS}.")
        try:
            fields = _PAIRS.decode(text)
            if len(dict(fields)) < len(fields):
                raise ValueError("a field is there twice")
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"{shown(name)}: {_FIELDS} ({error}).") from None
        self.place = end
        signed = "-" in text  # -0 is no natural number either
        return _entry(name, dict(fields), signed)

    def metadata(self) -> dict[str, str]:
        """Return a mapping from text to text."""
        found = {}
        wrong = "the metadata is not a mapping from text to text."
        try:
            for name in self.members("the metadata"):
                self.take('"')
                found[name] = self.string()
        except json.JSONDecodeError as error:
            raise ValueError(f"{wrong[:-1]}: {error}.") from None
        return found


_FIELDS = "an entry needs exactly dtype, shape and data_offsets"


def parse_header(text: bytes) -> tuple[dict[str, Entry], dict[str, str]]:
    """Return what a header says of its arrays, and its metadata.

    Examples
    --------
    >>> parse_header(b'{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}')
    ({'w': Entry(kind='U8', shape=(2,), begin=0, end=2)}, {})
    """
    check_start(text[:1])
    entries, metadata = {}, {}
    try:
        scanner = _Scanner(text.decode())
        for name in scanner.members("the header"):
            if name == _METADATA:
                metadata = scanner.metadata()
            else:
                entries[name] = scanner.entry(name)
    except (json.JSONDecodeError, UnicodeError) as error:
        raise ValueError(f"the header is not valid JSON in UTF-8: {error}.") from None
    rest = scanner.text[scanner.place :]
    if rest.strip(" "):
        raise ValueError(f"after the header's object stands {shown(rest)}; only spaces may.")
    return entries, metadata


def check_start(first: bytes) -> None:
    """Require the character that every header begins with."""
    if first != b"{":
        raise ValueError(f"the header is not a JSON object in UTF-8: it starts with {first!r}.")


def _whole(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _entry(name: str, fields: dict[str, Any], signed: bool) -> Entry:
    if fields.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{shown(name)}: {_FIELDS}.")
    kind, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(kind, str) or kind not in WIDTHS:
        raise ValueError(f"{shown(name)}: the dtype {shown(kind)} is none of {', '.join(WIDTHS)}.")
    if signed or not _whole(shape) or len(shape) > 64 or not _whole(offsets) or len(offsets) != 2:
        raise ValueError(
            f"{shown(name)}: shape and data_offsets must be lists of natural numbers, "
            "at most 64 and exactly 2."
        )
    entry = Entry(kind, tuple(shape), *offsets)
    bits = math.prod(shape) * WIDTHS[kind]
    if bits != 8 * (entry.end - entry.begin):
        raise ValueError(
            f"{shown(name)}: {entry} takes {min(bits, 2**66) / 8:.16g} bytes, not "
            f"{entry.end - entry.begin}."
        )
    if math.prod(n or 1 for n in shape) * 8 >= 2**63:  # as NumPy counts, who skips zeros
        raise ValueError(f"{shown(name)}: {entry} is larger than an array can be.")
    return entry


def check_cover(entries: Mapping[str, Entry], size: int) -> None:
    """Require that the arrays fill the data exactly: no overlap, no gap, nothing beyond the end."""
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1][2:]):
        if entry.begin != place:
            raise ValueError(
                f"{shown(name)}: its data begin at {entry.begin}, where {place} was expected."
            )
        place = entry.end
    if place != size:
        raise ValueError(
            f"the header describes {place} bytes of data, the file has {size}: truncated?"
        )


# --- writing a header -------------------------------------------------------


def make_header(
    arrays: Mapping[str, Any], metadata: Mapping[str, str] | None
) -> tuple[bytes, list[str]]:
    """Return a header, and the names in the order of their data: large elements first.

    So every array lies at a multiple of its element's size, for readers that map the file.

    Examples
    --------
    >>> text, order = make_header({"a": np.zeros(1, "?"), "b": np.zeros(1, "f4")}, None)
    >>> order, len(text) % 8
    (['b', 'a'], 0)
    """
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    offsets, place = {}, 0
    for name in order:
        offsets[name] = [place, place + arrays[name].nbytes]
        place = offsets[name][1]
    header: dict[str, Any] = {} if metadata is None else {_METADATA: dict(metadata)}
    for name, array in arrays.items():
        kind = KINDS[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets[name]}
    text = json.dumps(header, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8), order


# --- floats that NumPy lacks ------------------------------------------------


def widening(kind: str) -> Any:
    """Return the float32 of every code of a dtype of 8 bits that NumPy lacks; None for others.

    Examples
    --------
    >>> widening("F8_E4M3")[[0x38, 0x7E, 0x7F]]
    array([  1., 448.,  nan], dtype=float32)
    """
    code = np.arange(256)
    if kind == "F8_E8M0":  # powers of two
        return np.where(code == 255, np.nan, 2.0 ** (code - 127)).astype(np.float32)
    if kind not in _SMALL:
        return None
    mantissa, bias = _SMALL[kind]
    sign, low = np.where(code < 128, 1.0, -1.0), code % 128
    exponent, fraction = low >> mantissa, (low % (1 << mantissa)) / (1 << mantissa)
    normal = exponent > 0
    value = sign * (normal + fraction) * 2.0 ** (np.maximum(exponent, 1) - bias)
    if kind.endswith("FNUZ"):  # what would be -0 is the only NaN
        value[128] = np.nan
    elif kind == "F8_E4M3":  # no infinities; the last code is NaN
        value[low == 127] = np.nan
    else:  # F8_E5M2 is as IEEE: the last exponent is for infinity and NaN
        value[exponent == 31] = np.where(fraction == 0, sign * np.inf, np.nan)[exponent == 31]
    return value.astype(np.float32)


_SMALL = {  # bits of the mantissa, bias of the exponent
    "F8_E4M3": (3, 7), "F8_E5M2": (2, 15), "F8_E4M3FNUZ": (3, 8), "F8_E5M2FNUZ": (2, 16),
}  # fmt: skip
