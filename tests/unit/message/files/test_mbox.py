"""mbox as it is written: what `mailbox.mbox` of the standard library reads, and what mboxrd's rule gives back, is what was put in."""

import mailbox
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.files import mbox


def written(raw, cuts=()):
    quoting, out, at = mbox.Quoting(), b"", 0
    for cut in (*sorted(cuts), len(raw)):
        out += quoting.piece(raw[at:cut])
        at = max(at, cut)
    return out + quoting.end()


def read(quoted):
    return re.sub(rb"(?m)^>(>*From )", rb"\1", quoted)


CASES = [
    (b"", b"\n"),
    (b"a", b"a\n\n"),
    (b"a\r\n", b"a\n\n"),
    (b"From me\r\n", b">From me\n\n"),
    (b"a\r\n>From me\r\n>>From\r\n", b"a\n>>From me\n>>From\n\n"),
    (b"a From me\r\n", b"a From me\n\n"),
    (b"a\r\nFrom", b"a\nFrom\n\n"),
    (b"a\rFrom b\r\n", b"a\rFrom b\n\n"),
]


@pytest.mark.parametrize(("raw", "expected"), CASES)
def test_lines_that_look_like_a_beginning_are_quoted_however_it_is_cut(raw, expected):
    assert written(raw) == expected
    for cut in range(len(raw) + 1):
        for other in range(cut, len(raw) + 1):
            assert written(raw, (cut, other)) == expected


@given(
    st.lists(st.sampled_from([b">", b"From ", b"Fro", b"m ", b"\r\n", b"\n", b"x", b"\r"]), max_size=30),
    st.data(),
)
def test_reading_takes_the_quotes_away(parts, data):
    raw = b"".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=4))
    out = written(raw, cuts)
    assert out == written(raw)
    plain = raw.replace(b"\r\n", b"\n")
    if not plain.endswith(b"\r"):  # of the last line such an end is one
        assert read(out) == plain + (b"\n" if plain and not plain.endswith(b"\n") else b"") + b"\n"
    assert not re.search(rb"(?m)^From ", out)


def test_a_line_without_an_end_is_not_kept_for_ever():
    quoting = mbox.Quoting()
    kept = sum(len(quoting.piece(b">" * 500)) for _ in range(10))
    assert kept > 3000


def test_the_line_before_says_who_and_when():
    raw = b"Received: x\r\nReturn-Path: <alice@crepes.test>\r\n\r\nReturn-Path: <eve@x.test>\r\n"
    assert mbox.head(raw, 0) == b"From alice@crepes.test Thu Jan  1 00:00:00 1970\n"
    for nobody in (
        b"Subject: x\r\n\r\nReturn-Path: <eve@x.test>\r\n",
        b"Return-Path: <>\r\n\r\n",
        b"Return-Path: <a b>\r\n",
        b"",
    ):
        assert mbox.head(nobody, 1_750_000_000) == b"From MAILER-DAEMON Sun Jun 15 15:06:40 2025\n"


def test_the_standard_library_reads_it(tmp_path):
    letters = [b"Subject: 1\r\n\r\nFrom here\r\n", b"Subject: 2\r\n\r\n"]
    path = tmp_path / "x.mbox"
    path.write_bytes(b"".join(mbox.head(one, 0) + written(one) for one in letters))
    box = mailbox.mbox(path)
    assert [one["subject"] for one in box] == ["1", "2"]
    assert box[0].get_payload() == ">From here\n"
    box.close()
