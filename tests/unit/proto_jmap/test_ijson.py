"""I-JSON: how deep it may go, and that no text makes finding that out slow."""

import pytest

from postroom.proto.jmap import ijson
from postroom.proto.jmap.ijson import DEPTH, NotJson


def nested(levels: int, inside: bytes = b"") -> bytes:
    return b"[" * levels + inside + b"]" * levels


@pytest.mark.parametrize("inside", [b"", rb'"\""', rb'"\\"', rb'"[\"[\\\"["', rb'"a", "[{", "\\", "b"'])
def test_so_deep(inside: bytes) -> None:
    ijson.decode(nested(DEPTH, inside))
    with pytest.raises(NotJson, match="deep"):
        ijson.decode(nested(DEPTH + 1, inside))


def test_brackets_of_texts_do_not_count() -> None:
    assert ijson.decode(rb'["' + b"[{" * 1000 + rb"\"" + b"[" * 1000 + rb'\\", 1]')[1] == 1


@pytest.mark.parametrize("begin", [b"", b'"'])
@pytest.mark.parametrize("text", [rb"\"", rb"\\", b'"', b'"\\'])
def test_megabytes_of_marks(begin: bytes, text: bytes) -> None:
    with pytest.raises(NotJson):
        ijson.decode(b"[" * (DEPTH + 1) + begin + text * 1_000_000)
