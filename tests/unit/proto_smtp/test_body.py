"""A message on its way in: sizes, pieces, reasons to refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.smtp.body import BARE_LINE_END, TOO_BIG, ChunkGatherer, IncomingBody
from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.reply import Reply
from postroom.wire.dots import Unstuffer, is_canonical

TRICKY = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b""]), max_size=12)


@given(TRICKY)
def test_line_ends_are_checked_over_the_seams(pieces: list[bytes]) -> None:
    gatherer = ChunkGatherer(text=True)
    for piece in pieces:
        gatherer.feed(piece)
    gatherer.finish()
    whole = b"".join(pieces)
    assert gatherer.malformed != is_canonical(whole)
    assert (gatherer.take(), gatherer.size) == (whole, len(whole))


def test_binary_is_taken_as_it_is() -> None:
    gatherer = ChunkGatherer(text=False)
    gatherer.feed(b"\r\0\n\r")
    gatherer.finish()
    assert not gatherer.malformed


@pytest.mark.parametrize(
    ("octets", "refusal", "hopeless"),
    [(100, None, False), (101, TOO_BIG, False), (200, TOO_BIG, False), (201, TOO_BIG, True)],
)
def test_sizes(octets: int, refusal: Reply | None, hopeless: bool) -> None:
    body = IncomingBody(Limits(message=100, spill=50), ChunkGatherer(text=False))
    assert isinstance(body.text, ChunkGatherer)
    body.text.feed(b"x" * octets)
    assert body.piece_ready
    body.check()
    assert (body.refusal, body.hopeless) == (refusal, hopeless)
    assert (body.text.take() == b"") == (refusal is not None)


def test_the_first_reason_counts() -> None:
    body = IncomingBody(Limits(message=3), Unstuffer())
    first = Reply.of(451, "4.3.0", "Later")
    body.refuse(first)
    assert isinstance(body.text, Unstuffer)
    body.text.feed(b"a\nbcdef\r\n.\r\n")
    body.finish()
    assert body.refusal is first


def test_what_is_malformed_is_refused_at_its_end() -> None:
    body = IncomingBody(Limits(), Unstuffer())
    assert isinstance(body.text, Unstuffer)
    body.text.feed(b"a\nb\r\n.\r\n")
    assert body.refusal is None
    body.finish()
    assert body.refusal is BARE_LINE_END
