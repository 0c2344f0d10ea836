"""Where answers of IMAP end, however they come, against a server of a few lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bench.imap_session import KEPT, ImapSession, exists, line_of
from bench.processes import BenchError


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"C1 OK done\r\n", b"C1 OK done"),
        (b"* 1 EXISTS\r\nC1 OK done\r\n", b"C1 OK done"),
        (b"* 1 EXISTS\r\nC1 OK do", None),
        (b"* 1 EXISTS\r\nC12 OK done\r\n", None),
        (b"* C1 OK\r\n", None),
        (b"C1 OK done\r\n* 2 EXISTS\r\n", b"C1 OK done"),
        (b"", None),
    ],
)
def test_the_line_with_the_tag(text: bytes, line: bytes | None):
    assert line_of(text, b"C1 ") == line


def test_how_many_messages_there_are():
    assert exists(b"* FLAGS (\\Seen)\r\n* 312 EXISTS\r\n* 0 RECENT\r\nC2 OK\r\n") == 312


def test_a_mailbox_that_tells_no_number():
    with pytest.raises(BenchError, match="no EXISTS"):
        exists(b"C2 OK\r\n")


@asynccontextmanager
async def talking(answers: dict[bytes, list[bytes]]) -> AsyncIterator[ImapSession]:
    """A session at a server that answers each line with pieces, one write each."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            for piece in answers[line]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        session = await ImapSession.opened(server.sockets[0].getsockname()[1], None)
        yield session
        session.close()
        await over.wait()


async def test_an_answer_in_pieces():
    long = b"* 1 FETCH " + b"x" * 3 * KEPT + b"\r\n"
    async with talking({b"C1 FETCH 1 BODY[]\r\n": [long, b"C1 O", b"K done\r", b"\n"]}) as session:
        answer = await session.command("FETCH 1 BODY[]")
        assert answer.endswith(b"\r\nC1 OK done\r\n")
        assert len(answer) == KEPT
        assert session.came == len(b"* OK ready\r\n" + long + b"C1 OK done\r\n")


async def test_a_refusal_is_an_error():
    async with talking({b"C1 NOOP\r\n": [b"C1 NO not now\r\n"]}) as session:
        with pytest.raises(BenchError, match="not now"):
            await session.command("NOOP")


async def test_idle_begins_and_ends():
    answers = {b"C1 IDLE\r\n": [b"+ waiting\r\n* 3 EXISTS\r\n"], b"DONE\r\n": [b"C1 OK done\r\n"]}
    async with talking(answers) as session:
        await session.idle()
        await session.done()
