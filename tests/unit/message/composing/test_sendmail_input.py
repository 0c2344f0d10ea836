"""What programs pipe into sendmail, and whom `-t` finds in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.composing.sendmail_input import MAX_RECIPIENTS, header_recipients, read_message


@pytest.mark.parametrize(
    ("data", "dot_ends", "raw"),
    [
        (b"Subject: x\n\nhello\n", True, b"Subject: x\r\n\r\nhello\r\n"),
        (b"Subject: x\r\n\r\nhello", True, b"Subject: x\r\n\r\nhello\r\n"),
        (b"Subject: x\r\rhello\n", True, b"Subject: x\r\n\r\nhello\r\n"),
        (b"Subject: x\n\na\n.\nb\n", True, b"Subject: x\r\n\r\na\r\n"),
        (b"Subject: x\n\na\n.\nb\n", False, b"Subject: x\r\n\r\na\r\n.\r\nb\r\n"),
        (b"Subject: x\n\na\n.", True, b"Subject: x\r\n\r\na\r\n"),
        (b"Subject: x\n\n..\n.foo\n. \n", True, b"Subject: x\r\n\r\n..\r\n.foo\r\n. \r\n"),
        (b".\nx", True, b""),
        (b"From alice Fri Nov 20\nSubject: x\n\nFrom here\n", True, b"Subject: x\r\n\r\nFrom here\r\n"),
        (
            b"Do you like ketchup?\nHow about pickles?\n",
            True,
            b"\r\nDo you like ketchup?\r\nHow about pickles?\r\n",
        ),
        (b"", True, b""),
    ],
)
def test_read_message(data, dot_ends, raw):
    assert read_message(data, dot_ends=dot_ends) == raw


@pytest.mark.parametrize(
    ("header", "recipients", "unusable"),
    [
        (b"To: bob@hamburger.test\r\n", ["bob@hamburger.test"], []),
        (
            b"To: Bob <bob@x.test>,\r\n carol@x.test\r\nCC: d@x.test\r\nbcc: e@x.test\r\nSubject: f@x.test\r\n",
            ["bob@x.test", "carol@x.test", "d@x.test", "e@x.test"],
            [],
        ),
        (b"To: a@x.test\r\nTo: b@x.test\r\nCc: A@X.test\r\n", ["a@x.test", "b@x.test"], []),
        (b'To: bob\r\nCc: "a b"@x.test\r\n', ["bob", '"a b"@x.test'], []),
        (
            b"To: friends: a@x.test, b@x.test;\r\nCc: undisclosed-recipients:;\r\n",
            ["a@x.test", "b@x.test"],
            [],
        ),
        (b"To: a@x.test\r\nResent-To: r@x.test\r\nResent-Bcc: s@x.test\r\n", ["r@x.test", "s@x.test"], []),
        (b"To: |/bin/sh -c id, a@@x, b@x.test\r\n", ["b@x.test"], ["|/bin/sh -c id", "a@@x"]),
        ("To: пётр@x.test\r\n".encode(), ["пётр@x.test"], []),
        (b"Subject: nobody\r\n", [], []),
    ],
)
def test_header_recipients(header, recipients, unusable):
    found = header_recipients(header + b"\r\nTo: body@x.test\r\n")
    assert [str(address) for address in found.recipients] == recipients
    assert found.unusable == unusable


def test_bcc_is_taken_out():
    found = header_recipients(
        b"Bcc: a@x.test,\r\n b@x.test\r\nResent-Bcc: c@x.test\r\nTo: d@x.test\r\n\r\nBcc: stays\r\n"
    )
    assert found.raw == b"To: d@x.test\r\n\r\nBcc: stays\r\n"


def test_too_many():
    value = b", ".join(b"u%d@x.test" % number for number in range(MAX_RECIPIENTS + 1))
    with pytest.raises(ValueError, match="more than 10000 recipients"):
        header_recipients(b"To: " + value + b"\r\n\r\n")
    assert (
        len(header_recipients(b"To: " + value.rpartition(b",")[0] + b"\r\n\r\n").recipients) == MAX_RECIPIENTS
    )


def test_no_recipient_is_overlooked():
    with pytest.raises(ValueError, match="too long"):
        header_recipients(b"X: y\r\n" * 200_000 + b"To: a@x.test\r\n\r\n")


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([b"\n", b"\r", b".", b"To: a@b.test", b"From ", b" ", b"x"])).map(b"".join)
)
def test_lines_end_with_crlf_whatever_comes(data):
    raw = read_message(data, dot_ends=False)
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert raw[-2:] in (b"", b"\r\n")
    header_recipients(raw)
