from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.msgid import MAX_IDS, parse_message_ids, thread_ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<1234@local.machine.example>", ["1234@local.machine.example"]),
        (
            "<1234@local.machine.example> <3456@example.net>",
            ["1234@local.machine.example", "3456@example.net"],
        ),
        (
            "  <1234   @   local(blah)  .machine .example>",
            ["1234@local.machine.example"],
        ),  # RFC 5322 appendix A.6.3
        ("Your message of today (<a@b> and) <c@d>", ["c@d"]),
        ("<a@b>(x <y@z> \\) (<n@n>) )<c@d>", ["a@b", "c@d"]),
        ("(not closed <a@b>", ["a@b"]),
        ("<", []),
        ("<>", []),
        ("a@b", []),
        ("< a@b >", ["a@b"]),
        ("<<a@b>>", ["a@b"]),
        ("<a\0@b>", []),
        ("<" + "a" * 1000 + ">", []),
    ],
)
def test_parse(text: str, expected: list[str]) -> None:
    assert parse_message_ids(text) == expected


def test_of_many_the_first_and_the_last_are_kept() -> None:
    found = parse_message_ids("".join(f"<{number}@x>" for number in range(10_000)))
    assert (len(found), found[0], found[1], found[-1]) == (MAX_IDS, "0@x", "9901@x", "9999@x")


def test_thread_ids_are_unique_and_nearest_first() -> None:
    assert thread_ids(["m"], ["b"], ["a", "b"]) == ["m", "b", "a"]


@given(st.text(st.sampled_from("<> @ab\t\0")))
def test_any_text(text: str) -> None:
    assert all("<" not in found and " " not in found for found in parse_message_ids(text))
