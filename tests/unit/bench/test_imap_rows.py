"""What rows of IMAP make of answers and numbers."""

import pytest
from bench.figures import Samples
from bench.processes import BenchError
from bench.rows.imap_search import ALPHABET, COMMON, LOT, Letters, found, trigram
from bench.rows.imap_size import AGAIN, FLAT, flatness


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


def test_flat_is_the_largest_over_the_smallest_of_each_side():
    gathered = {
        100: Samples([{AGAIN: 3.0}], []),
        1: Samples([{AGAIN: 2.0}], [{AGAIN: 1.0}]),
        10: Samples([{AGAIN: 9.0}], [{AGAIN: 7.0}]),
    }
    samples = flatness(gathered)
    assert (samples.ours, samples.peer) == ([{FLAT: 1.5}], [{FLAT: 7.0}])


def test_no_peer_no_flatness():
    assert flatness({1: Samples([{AGAIN: 2.0}], [])}).peer == []
