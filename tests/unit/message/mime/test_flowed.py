from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.mime.flowed import SIGNATURE, Paragraph, decode, encode, unflow

# RFC 3676 §4.1, §4.2 and §4.5: the examples
QUOTED = (
    ">> `Take some more tea,' the March Hare said to Alice, very \r\n>> earnestly.\r\n"
    "> `I've had nothing yet,' Alice replied in an offended \r\n> tone, `so I can't take more.'\r\n"
    "`You mean you can't take LESS,' said the Hatter: `it's very \r\neasy to take MORE than nothing.'\r\n"
)


def test_quoted_paragraphs() -> None:
    assert list(decode(QUOTED)) == [
        Paragraph(2, "`Take some more tea,' the March Hare said to Alice, very earnestly."),
        Paragraph(1, "`I've had nothing yet,' Alice replied in an offended tone, `so I can't take more.'"),
        Paragraph(
            0, "`You mean you can't take LESS,' said the Hatter: `it's very easy to take MORE than nothing.'"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "delsp", "expected"),
    [
        ("", False, ""),
        ("a \nb\n", False, "a b"),
        ("a \r\nb", True, "ab"),
        ("a  \nb", True, "a b"),
        (" >not quoted\n  two\n", False, ">not quoted\n two"),
        ("text \n-- \nAlice\n", False, "text \n-- \nAlice"),
        ("> a \n>> b\n", False, "> a \n>> b"),
        (">a \nb\n", False, "> a \nb"),
        ("a \n", False, "a "),
        ("\n\n", False, "\n"),
    ],
)
def test_unflow(text: str, delsp: bool, expected: str) -> None:
    assert unflow(text, delsp=delsp) == expected


def test_encode_stuffs_and_breaks() -> None:
    assert (
        encode([Paragraph(0, "From me"), Paragraph(0, "> x"), Paragraph(1, "y "), Paragraph(0, SIGNATURE)])
        == " From me\r\n > x\r\n> y\r\n-- \r\n"
    )
    text = encode([Paragraph(2, "word " * 40)])
    assert all(len(line) <= 72 and line.startswith(">> word") for line in text.split("\r\n")[:-1])


WORDS = st.lists(st.sampled_from(["a", "word", "--", "", ">", "From", "x" * 80, " "]), max_size=60).map(
    " ".join
)


@given(st.lists(st.tuples(st.integers(0, 3), WORDS), max_size=5), st.integers(10, 78))
def test_what_is_encoded_comes_back(paragraphs: list[tuple[int, str]], width: int) -> None:
    expected = [
        Paragraph(depth, text if text == SIGNATURE else text.rstrip(" ")) for depth, text in paragraphs
    ]
    assert list(decode(encode(expected, width))) == expected


@given(st.text(st.sampled_from(">- \r\nab")), st.booleans())
def test_any_text_is_decoded(text: str, delsp: bool) -> None:
    assert isinstance(unflow(text, delsp=delsp), str)
