"""What rows of IMAP make of answers and numbers."""

import pytest
from bench.processes import BenchError
from bench.rows.imap_search import ALPHABET, COMMON, LOT, Letters, found, trigram
from bench.rows.imap_size import AGAIN, FIRST, HEAD, SELECT, TAIL, flatness, summed


def test_how_much_was_found():
    assert found(b"* SEARCH 1 2 30\r\nB1 OK\r\n") == 3
    assert found(b"* SEARCH\r\nB1 OK\r\n") == 0


def test_an_answer_without_a_result():
    with pytest.raises(BenchError, match="no answer"):
        found(b"B1 OK\r\n")


def test_words_of_few_letters_are_in_no_other():
    assert len({trigram(number) for number in range(len(ALPHABET) ** 2)}) == len(ALPHABET) ** 2
    letter = Letters()
    made = letter(LOT + 3)
    assert made == Letters()(LOT + 3)
    body = made.partition(b"\r\n\r\n")[2].decode()
    assert all(word in body for word in ("lot1lot", trigram(LOT + 3), *COMMON))
    assert body.count("q") == 1


def test_flat_is_the_largest_over_the_smallest():
    assert flatness({100: {AGAIN: 3.0}, 1: {AGAIN: 2.0}, 10: {AGAIN: 9.0}}) == 1.5


def test_the_first_visit_is_told_apart():
    visits = [{SELECT: took, HEAD: 1.0, TAIL: 2.0} for took in (90.0, 4.0, 5.0, 60.0)]
    assert summed(visits) == {SELECT: 5.0, HEAD: 1.0, TAIL: 2.0, AGAIN: 8.0, FIRST: 93.0}
