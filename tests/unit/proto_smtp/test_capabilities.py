"""What EHLO's reply says."""

import pytest

from postroom.proto.smtp.capabilities import NOTHING, Capabilities


def test_keywords_and_their_arguments() -> None:
    found = Capabilities.parse(
        (
            "pipelining",
            "SIZE 1000",
            "AUTH PLAIN",
            "AUTH=LOGIN",
            "LIMITS RCPTMAX=7 MAILMAX=3 NEW=x FLAG",
            "",
            "X a b",
        )
    )
    assert (found.pipelining, found.size, found.recipients, found.mails) == (True, 1000, 7, 3)
    assert found.mechanisms == ("PLAIN", "LOGIN")
    assert found.keywords["X"] == ("a", "b")
    assert found.has("SIZE")


@pytest.mark.parametrize(
    "line", ["SIZE", "SIZE x", "SIZE -1", "SIZE 1_0", "LIMITS RCPTMAX", "LIMITS RCPTMAX=x"]
)
def test_numbers_that_are_none_are_no_limit(line: str) -> None:
    found = Capabilities.parse((line,))
    assert (found.size, found.recipients) == (0, 0)


def test_nothing() -> None:
    assert not NOTHING.has("SIZE")
    assert NOTHING.mechanisms == ()
