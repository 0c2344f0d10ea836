"""A reader of parenthesised IMAP data for tests, written from the grammar of RFC 9051 §9 and independent of what renders it."""

from __future__ import annotations

Value = "bytes | int | None | list[Value]"


def read(data: bytes) -> list:
    """The values of `data`: lists, strings, numbers and NIL. Raises ValueError where the grammar is broken."""
    stack: list[list] = [[]]
    at = 0
    last = "("  # what stands before: ( ) space or value
    while at < len(data):
        char = data[at : at + 1].decode("latin-1")
        if char == "(" and last != "value":
            stack.append([])
            at += 1
        elif char == ")" and last in {")", "value"} and len(stack) > 1:
            inner = stack.pop()
            stack[-1].append(inner)
            at += 1
        elif char == " " and last in {")", "value"}:
            at += 1
        elif char not in "() " and last in {"(", " "}:
            value, at = _atom(data, at)
            stack[-1].append(value)
            char = "value"
        else:
            raise ValueError(f"{char!r} after {last!r} at {at}")
        last = char
    if len(stack) != 1 or last == " ":
        raise ValueError("a list is not closed, or something is missing at the end")
    return stack[0]


def _atom(data: bytes, at: int) -> tuple:
    if data[at : at + 1] == b'"':
        out = bytearray()
        at += 1
        while data[at] != 0x22:
            if data[at] == 0x5C:
                at += 1
                if data[at] not in b'"\\':
                    raise ValueError("only quote and backslash are escaped")
            elif data[at] in b"\r\n\0" or data[at] > 0x7F:
                raise ValueError(f"not a TEXT-CHAR at {at}")
            out.append(data[at])
            at += 1
        return bytes(out), at + 1
    if data[at : at + 1] == b"{":
        end = data.index(b"}\r\n", at)
        size = int(data[at + 1 : end])
        text = data[end + 3 : end + 3 + size]
        if len(text) != size or b"\0" in text:
            raise ValueError("a literal that is too short, or with NUL")
        return text, end + 3 + size
    if data[at : at + 3] == b"NIL":
        return None, at + 3
    end = at
    while data[end : end + 1].isdigit():
        end += 1
    if end == at:
        raise ValueError(f"neither a string nor a number at {at}")
    return int(data[at:end]), end


def check_envelope(envelope: list) -> None:
    """RFC 9051 §9, `envelope`: raises AssertionError where a value has the wrong kind."""
    assert len(envelope) == 10
    for index, value in enumerate(envelope):
        if index not in {2, 3, 4, 5, 6, 7}:
            assert value is None or isinstance(value, bytes)
            continue
        for address in value or []:
            assert len(address) == 4
            assert all(field is None or isinstance(field, bytes) for field in address)


def check_body(body: list) -> int:
    """RFC 9051 §9, `body` with all extension data, whatever the depth; the number of parts that are not multipart."""
    waiting, leaves = [body], 0
    while waiting:
        node = waiting.pop()
        if isinstance(node[0], list):
            children = [
                child for child in node if isinstance(child, list) and node.index(child) < _subtype_at(node)
            ]
            waiting += children
            rest = node[_subtype_at(node) :]
            assert len(rest) == 5
            assert isinstance(rest[0], bytes)
            _check_parameters(rest[1])
            _check_tail(rest[2:])
            continue
        leaves += 1
        assert all(isinstance(value, bytes) for value in (node[0], node[1], node[5]))
        _check_parameters(node[2])
        assert all(value is None or isinstance(value, bytes) for value in node[3:5])
        assert isinstance(node[6], int)
        extra = 7
        if node[0] == b"text":
            assert isinstance(node[7], int)
            extra = 8
        elif node[0] == b"message" and node[1] in {b"rfc822", b"global"}:
            check_envelope(node[7])
            waiting.append(node[8])
            assert isinstance(node[9], int)
            extra = 10
        assert len(node) == extra + 4
        assert node[extra] is None or isinstance(node[extra], bytes)
        _check_tail(node[extra + 1 :])
    return leaves


def _subtype_at(node: list) -> int:
    return next(index for index, value in enumerate(node) if not isinstance(value, list))


def _check_parameters(parameters: list | None) -> None:
    assert parameters is None or (
        len(parameters) % 2 == 0 and all(isinstance(value, bytes) for value in parameters)
    )


def _check_tail(tail: list) -> None:
    disposition, language, location = tail
    if disposition is not None:
        assert isinstance(disposition[0], bytes)
        _check_parameters(disposition[1])
    assert language is None or all(isinstance(value, bytes) for value in language)
    assert location is None or isinstance(location, bytes)
