"""ISO-2022-JP and EUC-JP as programs write them: with the signs that Microsoft and NEC have put into the gaps of JIS X 0208, and with katakana of half width.

WHATWG Encoding §12.1 and §12.2. The digits in circles and the mark of a company, which are in many names, are such signs; the codecs of the library
know the standards alone, and from one such pair on read EUC-JP shifted by an octet. Linear. Not here: which charset a text is in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_LOST: Final = "\ufffd"
_SEGMENT: Final = re.compile(rb"(\x1b(?:\$[@AB]|\$\([CD]|\([BJI]|\.[AF]))")  # what follows is of one set
_KANJI: Final = frozenset((b"\x1b$@", b"\x1b$B"))
_HALF_WIDTH: Final = b"\x1b(I"
_SEVEN: Final = re.compile(rb"[!-~]{1,2}|[^!-~]")
_EIGHT: Final = re.compile(rb"[\xa1-\xfe]{2}|[\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|.", re.DOTALL)


def _iso_2022(data: bytes) -> str:
    first, *rest = _SEGMENT.split(data)
    known: dict[bytes, str] = {}
    told = [first.decode("ascii", "replace")]
    for escape, octets in zip(rest[::2], rest[1::2], strict=True):
        if escape in _KANJI:
            told += [
                _sign(found, known) if found > b" " else found.decode() for found in _SEVEN.findall(octets)
            ]
        elif escape == _HALF_WIDTH:
            told.append(
                bytes([octet | 0x80 if octet > 0x20 else octet for octet in octets]).decode(
                    "cp932", "replace"
                )
            )
        else:
            told.append((escape + octets).decode("iso2022-jp-2", "replace"))
    return "".join(told)


def _euc(data: bytes) -> str:
    known: dict[bytes, str] = {}
    told: list[str] = []
    for found in _EIGHT.findall(data):
        if found[0] < 0x80:
            told.append(found.decode("ascii"))
        elif found[0] > 0xA0:
            told.append(_sign(bytes([octet & 0x7F for octet in found]), known))
        else:
            told.append(found.decode("euc-jp", "replace"))
    return "".join(told)


def _sign(pair: bytes, known: dict[bytes, str]) -> str:
    """Row and cell by way of Shift_JIS, in which the library has Microsoft's form; `known` remembers."""
    sign = known.get(pair)
    if sign is None:
        try:
            sign = _shifted(*pair).decode("cp932") if len(pair) == 2 else _LOST
        except UnicodeDecodeError:
            sign = _LOST
        known[pair] = sign
    return sign


def _shifted(row: int, cell: int) -> bytes:
    first = (row - 0x21 >> 1) + 0x81
    second = cell + (0x7E if row % 2 == 0 else 0x1F + (cell > 0x5F))
    return bytes((first if first < 0xA0 else first + 0x40, second))


# by the codec of the library that a declared name stands for
WIDER: Final[Mapping[str, Callable[[bytes], str]]] = MappingProxyType(
    {"iso2022-jp-2": _iso_2022, "euc-jp": _euc}
)
