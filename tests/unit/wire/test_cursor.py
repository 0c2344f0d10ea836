"""The cursor: each movement, and errors that say where and what."""

from collections.abc import Callable

import pytest

from postroom.wire.cursor import Cursor, GrammarError


def test_a_grammar_reads_as_one_chain() -> None:
    cursor = Cursor(b"BDAT 86 LAST")
    cursor.expect(b"BDAT")
    cursor.sp()
    assert cursor.number() == 86
    cursor.sp()
    assert cursor.accept_keyword(b"LAST")
    cursor.end()


@pytest.mark.parametrize(
    ("step", "position", "expected"),
    [
        (lambda c: c.expect(b"<"), 0, "'<'"),
        (lambda c: c.sp(), 0, "a space"),
        (lambda c: c.number(), 0, "a number"),
        (lambda c: c.end(), 0, "the end of the line"),
        (lambda c: c.take(9, "nine octets"), 0, "nine octets"),
    ],
)
def test_errors_say_where_and_what(step: Callable[[Cursor], object], position: int, expected: str) -> None:
    with pytest.raises(GrammarError) as caught:
        step(Cursor(b"abc"))
    assert (caught.value.position, caught.value.expected) == (position, expected)


@pytest.mark.parametrize("digits", [b"1_0", b"+5", b"-1", b" 7", b"", b"12345678901", "１２".encode()])
def test_numbers_are_ascii_digits_and_bounded(digits: bytes) -> None:
    def whole_number() -> None:
        cursor = Cursor(digits)
        cursor.number()
        cursor.end()

    with pytest.raises(GrammarError):
        whole_number()


def test_runs_stop_where_they_must() -> None:
    cursor = Cursor(b"aaab;rest")
    assert cursor.take_while(b"a", 2) == b"aa"
    assert cursor.take_until(b";") == b"ab"
    assert (cursor.peek(b";"), cursor.peek_octet(), cursor.at_end) == (True, 59, False)
    assert cursor.take(2, "two") == b";r"
    assert cursor.rest() == b"est"
    assert (cursor.at_end, cursor.peek_octet(), cursor.spaces()) == (True, -1, 0)
