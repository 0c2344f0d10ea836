"""Reading mbox files: their flavours, in every cut of the octets, and what is no beginning of a message."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from postroom.message.files import mbox
from postroom.message.files.mbox_reading import Marked, MboxReader, begins, separator, unmarked

AT = 1_167_580_799  # 2006-12-31 15:59:59 UTC


def read(octets: bytes, cuts: random.Random | None = None, most: int = 1 << 20) -> list[Marked]:
    reader = MboxReader(most)
    at = [] if cuts is None else sorted(cuts.sample(range(len(octets) + 1), 5))
    pieces = [octets[a:b] for a, b in zip([0, *at], [*at, len(octets)], strict=True)]
    return [mail for piece in pieces for mail in reader.feed(piece)] + list(reader.end())


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("From bob@hamburger.test Sun Dec 31 15:59:59 2006", AT),
        ("From bob@hamburger.test Sun Dec 31 15:59:59 2006 +0100", AT - 3600),
        ("From bob Sun Dec 31 15:59:59 GMT 2006", AT),
        ("From bob Sun Dec 31 15:59:59 -0500 2006", AT + 18_000),
        ("From bob Sun Dec 31 15:59 2006", AT - 59),
        ("From - Sun Dec 31 15:59:59 2006", AT),
        ("From MAILER-DAEMON Sun Dec  3 15:59:59 2006", AT - 28 * 86_400),
        ("From bob at hamburger.test  Sun Dec 31 15:59:59 2006", AT),
        ("From bob@hamburger.test Sun, 31 Dec 2006 15:59:59 +0000", AT),
        ("From here on we walk", None),
        ("From bob Sun Dec 41 15:59:59 2006", None),
        ("From bob Sun Foo 31 15:59:59 2006", None),
        (">From bob@hamburger.test Sun Dec 31 15:59:59 2006", None),
        ("From " + "x" * 600 + " Sun Dec 31 15:59:59 2006", None),
    ],
)
def test_what_begins_a_message(line: str, at: int | None) -> None:
    assert separator(line.encode() + b"\n") == at


FILE = b"""From bob@hamburger.test Sun Dec 31 15:59:59 2006
Subject: one
Status: RO
X-Status: AF
X-Keywords: work, later
X-UID: 12
Content-Length: 9

From here
>From there
>>From where

From alice@crepes.test Sun Dec 31 15:59:59 2006
Subject: two
X-Keywords: a
 b

From prose Sun Dec 31
text
From bob@hamburger.test Sun Dec 31 15:59:59 2006
end without an end"""


@pytest.mark.parametrize("seed", [None, *range(30)])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_messages_with_their_marks(seed: int | None, ends: bytes) -> None:
    cuts = None if seed is None else random.Random(seed)
    one, two = read(FILE.replace(b"\n", ends), cuts)
    assert one == Marked(
        b"Subject: one\r\n\r\nFrom here\r\nFrom there\r\n>From where\r\n", AT, "FRS", ("work", "later")
    )
    assert two.octets == (
        b"Subject: two\r\n\r\nFrom prose Sun Dec 31\r\ntext\r\n"
        b"From bob@hamburger.test Sun Dec 31 15:59:59 2006\r\nend without an end\r\n"
    )
    assert two.flags == ""


THUNDERBIRD = b"""From - Sun Dec 31 15:59:59 2006
X-Account-Key: account1
X-UIDL: 42
X-Mozilla-Status: %s
X-Mozilla-Status2: %s
X-Mozilla-Keys: $label1 work                                                    \r
Subject: kept

text
"""


@pytest.mark.parametrize(
    ("status", "more", "flags", "keywords"),
    [
        (b"0000", b"00000000", "", ()),
        (b"0001", b"00010000", "S", ()),
        (b"0007", b"00000000", "FRS", ()),
        (b"1011", b"00800000", "S", ("$Forwarded", "$MDNSent")),
        (b"0001", b"00200000", "ST", ()),
        (b"E086", b"10000000", "FR", ()),
        (b"0009", b"00000000", "ST", ()),
        (b"+001", b"0x800000", "", ()),
        (b"0" * 5000 + b"1", b"", "", ()),
    ],
)
def test_the_marks_of_thunderbird(status: bytes, more: bytes, flags: str, keywords: tuple[str, ...]) -> None:
    [mail] = read(THUNDERBIRD % (status, more))
    assert mail == Marked(b"Subject: kept\r\n\r\ntext\r\n", AT, flags, ("$label1", "work", *keywords))


def test_a_program_s_own_data_is_no_message() -> None:
    own = b"From MAILER-DAEMON Sun Dec 31 15:59:59 2006\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nx\n\n"
    assert read(own + FILE)[0].octets.startswith(b"Subject: one")
    assert unmarked(b"X-IMAP: 1\r\n\r\nmine", None) == Marked(b"\r\n\r\nmine")


@pytest.mark.parametrize(("most", "cut"), [(28, 0), (27, 1)])
def test_a_message_that_is_too_long_is_counted(most: int, cut: int) -> None:
    reader = MboxReader(most)
    list(reader.feed(b"From a Sun Dec 31 15:59:59 2006\nSubject: x\n\n0123456789\n\n"))
    assert len(list(reader.end())) == 1 - cut
    assert reader.cut == cut


def test_no_mail_at_all() -> None:
    assert read(b"") == []
    assert read(b"\n\n\n") == []


BARE = b"""From_
X-Mozilla-Status: 0001
Received: by mx.hamburger.test for bob; (a comment)
 Sun, 31 Dec 2006 15:59:59 +0000
Received: by mx.crepes.test; Sat, 30 Dec 2006 15:59:59 +0000
Date: Fri, 29 Dec 2006 15:59:59 +0000
Subject: one

From_
here on, and then
From: nobody

From -_

From_

From_
Date: Sun, 31 Dec 2006 15:59:59 +0000

two

From_
Subject: three
""".replace(b"_", b" ")


@pytest.mark.parametrize("seed", [None, *range(30)])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_lines_that_say_nothing_begin_messages_before_headers(seed: int | None, ends: bytes) -> None:
    """As Thunderbird writes them: a message came when its newest trace says, or its date."""
    found = read(BARE.replace(b"\n", ends), None if seed is None else random.Random(seed))
    assert [one.at for one in found] == [AT, AT, None]
    assert [one.octets.split(b"\r\n")[-2] for one in found] == [b"From ", b"two", b"Subject: three"]
    assert found[0].octets.count(b"From") == 4
    assert found[0].flags == "S"
    assert begins(BARE)
    assert not begins(b"From \nhere on")


@pytest.mark.parametrize("seed", range(20))
def test_what_was_written_is_read(seed: int) -> None:
    dice = random.Random(seed)
    words = [
        b"From x",
        b">From ",
        b"",
        b"text",
        b">>From y Sun Dec 31 15:59:59 2006",
        b"From - Sun Dec 31 15:59:59 2006",
        b"\xff",
    ]
    letters = [
        b"Subject: x\r\n\r\n" + b"".join(dice.choice(words) + b"\r\n" for _ in range(dice.randint(0, 8)))
        for _ in range(dice.randint(1, 5))
    ]
    file = b""
    for letter in letters:
        quoting = mbox.Quoting()
        file += mbox.head(letter, AT) + quoting.piece(letter) + quoting.end()
    assert [mail.octets for mail in read(file, dice)] == letters


def test_the_memory_that_a_message_takes_does_not_depend_on_its_lines() -> None:
    """An empty line is two octets, and was ninety on the way: 100 MB of them, packed into 100 KB, are enough to be ended by the system."""
    reader = MboxReader(1 << 30)
    tracemalloc.start()
    try:
        list(reader.feed(b"From a@x Thu Jan  1 00:00:00 2004\n" + b"\n" * 300_000))
        (found,) = reader.end()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.octets) == 600_000 - 2
    assert most < 8 * len(found.octets)


@pytest.mark.parametrize("lines", [10_000, 600_000])
def test_marks_are_looked_for_in_a_header_of_usual_length(lines: int) -> None:
    marked = unmarked(b"a:\r\n" * lines + b"Status: R\r\n\r\nwords", None)
    assert marked is not None
    assert marked.flags == ("S" if lines < 100_000 else "")
