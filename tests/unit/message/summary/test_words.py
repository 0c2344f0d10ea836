"""Single values of packed summaries."""

import msgspec
import pytest

from postroom.message.summary.summary import VERSION, Summary, summarize
from postroom.message.summary.words import Words, reader

LETTER = (
    b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nCc: carol@x.test\r\nBcc: dave@x.test\r\nSubject: Re: ketchup\r\n"
    b"Date: Sun, 15 Jun 2025 10:00:00 +0200\r\nMessage-ID: <3@x>\r\nIn-Reply-To: <2@x>\r\nReferences: <1@x> <2@x>\r\n\r\nYes.\r\n"
)
VALUES = (
    "subject", "base_subject", "from_", "to", "cc", "bcc", "sent_at", "message_id", "in_reply_to", "references",
)  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_each_value_is_that_of_the_summary(name: str) -> None:
    summary = summarize(LETTER)
    value = getattr(summary, name)
    assert value
    for names in ([name], VALUES):
        [words] = reader(*names)([summary.pack()])
        assert getattr(words, name) == value


def test_what_is_no_summary_has_no_words() -> None:
    packed = summarize(LETTER).pack()
    other = msgspec.msgpack.encode([VERSION + 1, *msgspec.msgpack.decode(packed)[1:]])
    for octets in (b"", b"\xc1", packed[:40], other, msgspec.msgpack.encode("words")):
        both = reader("subject", "references")([octets, packed])
        assert both[0] is None
        assert both[1] is not None
        assert both[1].references == ["1@x", "2@x"]


def test_the_values_stand_as_in_the_summary() -> None:
    assert Summary.__struct_fields__[: len(Words.__struct_fields__)] == Words.__struct_fields__
