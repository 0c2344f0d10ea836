"""The control socket: calls, records, failures, and who may call."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from others_turns import Turns
from postroom.app import control
from postroom.app.control import (
    PIECE,
    Caller,
    CallFailed,
    ControlServer,
    NotRunning,
    OperationError,
    Request,
    call,
    is_served,
    listen_at,
)
from postroom.message.errors import MessageTooBig, NoSuchUser, TryLater
from postroom.net.sockets import CannotListen


async def perform(caller: Caller, request: Request) -> AsyncIterator[dict[str, Any]]:
    """Echoes, and fails on demand."""
    yield {"uid": caller.uid, **request.arguments}
    match request.operation:
        case "nobody":
            raise NoSuchUser
        case "later":
            raise TryLater
        case "wrong":
            raise OperationError("no domain x: add it with postroom domain add x")


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    server = ControlServer(tmp_path / "control", perform)
    await server.start()
    yield tmp_path / "control"
    await server.stop()


async def records(path: Path, operation: str, **arguments: Any) -> list[dict[str, Any]]:
    return await asyncio.to_thread(lambda: list(call(path, Request(operation, arguments))))


async def test_a_call_yields_records_and_the_kernel_names_the_caller(path: Path) -> None:
    assert await records(path, "echo", data=b"\x00\xff") == [{"uid": os.getuid(), "data": b"\x00\xff"}]


async def test_a_socket_that_lies_deep(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = ControlServer(deep / "control", perform)
    await server.start()
    assert await records(deep / "control", "echo", n=1) == [{"uid": os.getuid(), "n": 1}]
    await server.stop()
    assert list(deep.iterdir()) == []
    with pytest.raises(NotRunning):
        await records(deep / "control", "echo")
    with pytest.raises(NotRunning):
        await records(deep / "none" / "control", "echo")


def test_a_socket_has_its_directory_or_its_path_is_said(tmp_path: Path) -> None:
    listen_at(tmp_path / "run" / "postroom" / "control").close()  # as with several workers
    (tmp_path / "file").touch()
    (tmp_path / "here").mkdir()
    for path in (tmp_path / "file" / "control", tmp_path / "here", tmp_path / ("x" * 300)):
        with pytest.raises(CannotListen, match=f"^{path}: "):
            listen_at(path)


async def test_a_socket_that_several_share_is_answered_by_those_who_are_left(tmp_path: Path) -> None:
    listening = listen_at(tmp_path / "control")
    servers = [ControlServer(tmp_path / "control", perform, listening.dup()) for _ in range(2)]
    for server in servers:
        await server.start()
    for server in servers:
        assert await records(tmp_path / "control", "echo", n=1) == [{"uid": os.getuid(), "n": 1}]
        await server.stop()
    assert (tmp_path / "control").exists()
    listening.close()


class Shelf:
    """Takes messages, and knows whether it still keeps one; `most` octets of one."""

    def __init__(self) -> None:
        self.most = 1 << 30
        self.pieces: list[int] = []
        self.kept = 0

    @contextlib.asynccontextmanager
    async def take(self, size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if size > self.most:
            raise MessageTooBig
        content = b""
        self.kept += 1
        try:
            async for piece in pieces:
                self.pieces.append(len(piece))
                content += piece
            yield content
        finally:
            self.kept -= 1


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    shelf = Shelf()
    server = ControlServer(tmp_path / "shelf", perform, take=shelf.take)
    await server.start()
    yield shelf
    await server.stop()


def send(path: Path, content: bytes) -> list[dict[str, Any]]:
    return list(call(path, Request("echo", {}), content))


@pytest.mark.parametrize("size", [1, PIECE, PIECE + 1, 3 * PIECE])
async def test_a_message_comes_with_a_request_in_pieces(shelf: Shelf, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    [record] = await asyncio.to_thread(send, tmp_path / "shelf", content)
    assert record["content"] == content
    assert max(shelf.pieces) <= PIECE
    assert shelf.kept == 0


async def test_who_brings_a_message_gets_an_answer_from_a_server_that_stops(tmp_path: Path) -> None:
    taken, may_end = asyncio.Event(), asyncio.Event()

    async def accept(_: Caller, __: Request) -> AsyncIterator[dict[str, Any]]:
        taken.set()
        await may_end.wait()
        yield {"id": "J1"}

    server = ControlServer(tmp_path / "control", accept, take=Shelf().take)
    await server.start()
    sending = asyncio.ensure_future(asyncio.to_thread(send, tmp_path / "control", b"x"))
    await taken.wait()
    stopping = asyncio.ensure_future(server.stop())
    asyncio.get_running_loop().call_later(0.05, may_end.set)
    assert await sending == [{"id": "J1"}]
    await stopping


async def test_a_message_that_is_refused_is_answered_before_its_end(shelf: Shelf, tmp_path: Path) -> None:
    shelf.most = PIECE
    with pytest.raises(CallFailed) as caught:
        await asyncio.to_thread(send, tmp_path / "shelf", bytes(20 * PIECE))
    assert caught.value.failed.status == "5.3.4"
    assert shelf.pieces == []


async def test_a_message_that_nobody_takes(path: Path) -> None:
    with pytest.raises(CallFailed, match="no message can be taken with echo"):
        await asyncio.to_thread(send, path, b"x")


@pytest.mark.parametrize("end", ["close", "silence"])
async def test_nothing_is_kept_of_a_message_that_does_not_come_whole(
    shelf: Shelf, tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if end == "silence":
        monkeypatch.setattr(control, "SILENCE_SECONDS", 1.0)
    reader, writer = await asyncio.open_unix_connection(tmp_path / "shelf")
    packed = msgspec.msgpack.encode(Request("echo", {}, 2 * PIECE))
    writer.write(len(packed).to_bytes(4, "big") + packed + bytes(PIECE))
    async with asyncio.timeout(60):
        while not shelf.pieces:
            await asyncio.sleep(0.01)
        assert shelf.kept == 1
        if end == "close":
            writer.write_eof()
        assert await reader.read() == b""
    assert shelf.kept == 0
    writer.close()


@pytest.mark.parametrize(("more", "answered"), [(0, True), (1, False)])
async def test_a_request_has_bounds(
    path: Path, monkeypatch: pytest.MonkeyPatch, more: int, answered: bool
) -> None:
    request = Request("echo", {"x": "a" * 1000})
    monkeypatch.setattr(control, "MAX_REQUEST", len(msgspec.msgpack.encode(request)) - more)
    if answered:
        assert len(await records(path, "echo", x="a" * 1000)) == 1
    else:
        with pytest.raises(CallFailed, match="octets, at most"):
            await records(path, "echo", x="a" * 1000)


@pytest.mark.parametrize(
    ("operation", "status", "temporary"),
    [("nobody", "5.1.1", False), ("later", "4.3.0", True), ("wrong", "", False)],
)
async def test_a_failure_comes_with_words_and_status(
    path: Path, operation: str, status: str, temporary: bool
) -> None:
    with pytest.raises(CallFailed) as caught:
        await records(path, operation)
    assert (caught.value.failed.status, caught.value.failed.temporary) == (status, temporary)
    assert caught.value.failed.words


async def test_without_a_server_the_caller_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="no server listens"):
        await records(tmp_path / "control", "echo")


@pytest.fixture
def called_by_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_caller", lambda _: Caller(os.getuid() + 4711, 1, "mallory"))


@pytest.mark.usefixtures("called_by_a_user")
async def test_a_user_leaves_the_others_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "MOST_OF_A_USER", 2)
    silent = [await asyncio.open_unix_connection(path) for _ in range(2)]
    with pytest.raises(CallFailed, match="mallory has 2 calls open") as caught:
        await records(path, "echo")
    assert caught.value.failed.temporary
    with monkeypatch.context() as at:
        at.setattr(control, "_caller", lambda _: Caller(os.getuid(), 1, "root"))
        assert len(await records(path, "echo")) == 1
    for _, writer in silent:
        writer.close()
        await writer.wait_closed()
    async with asyncio.timeout(60):
        while len(await asyncio.to_thread(answered, path)) == 0:
            await asyncio.sleep(0.01)


def answered(path: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(CallFailed):
        return list(call(path, Request("echo", {})))
    return []


@pytest.mark.usefixtures("called_by_a_user")
async def test_a_user_asks_for_less_than_an_administrator(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MAX_OF_A_USER", 500)
    assert len(await records(path, "echo", x="a" * 100)) == 1
    with pytest.raises(CallFailed, match="octets, at most 500"):
        await records(path, "echo", x="a" * 1000)


@pytest.mark.parametrize("octets", [b"\xc1\xc1", b"\x91" * 100_000 + b"\xc0", b"\x81\xa1\xff\xc0"])
async def test_what_is_no_request_is_answered(path: Path, octets: bytes) -> None:
    packed = b"\x82\xa9operation\xa4echo\xa9arguments\x81\xa1x" + octets
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(len(packed).to_bytes(4, "big") + packed)
    assert b"that is no request" in await reader.read()
    writer.close()


@pytest.mark.parametrize("place", ["control", "nowhere"])
async def test_an_argument_in_another_charset(path: Path, place: str) -> None:
    with pytest.raises(OperationError, match=r"'b\\udcf6b' is not text: write it in UTF-8"):
        await records(path.with_name(place), "echo", name="b\udcf6b")


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x02\xc1\xc1"])
async def test_junk_does_not_hurt_the_server(path: Path, junk: bytes) -> None:
    def send() -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(junk)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(100)

    await asyncio.to_thread(send)
    assert await records(path, "echo") == [{"uid": os.getuid()}]


async def test_a_call_that_never_ends_ends_with_the_server(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def never_ends(_: Caller, __: Request) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {"begun": True}
            await asyncio.Event().wait()
        finally:
            closed.set()

    server = ControlServer(tmp_path / "control", never_ends)
    await server.start()
    calls = call(tmp_path / "control", Request("watch", {}))
    assert await asyncio.to_thread(next, calls) == {"begun": True}
    ending = asyncio.to_thread(next, calls)
    await server.stop()
    assert closed.is_set()
    with pytest.raises(OperationError, match="closed the control connection"):
        await ending


def test_whether_a_server_listens(tmp_path: Path) -> None:
    assert not is_served(tmp_path / "control")
    listening = listen_at(tmp_path / "control")
    listening.setblocking(True)

    def take_one() -> None:
        connection, _ = listening.accept()
        connection.close()

    thread = threading.Thread(target=take_one)
    thread.start()
    assert is_served(tmp_path / "control")
    thread.join()
    listening.close()
    assert not is_served(tmp_path / "control")  # what a dead server has left behind


async def test_others_have_their_turn_during_a_long_answer(tmp_path: Path) -> None:
    many, turns = 500, Turns()
    meanwhile: list[int] = []

    async def listing(_caller: Caller, _request: Request) -> AsyncIterator[dict[str, Any]]:
        before = turns.had
        for number in range(many):
            yield {"n": number}
        meanwhile.append(turns.had - before)

    server = ControlServer(tmp_path / "control", listing)
    await server.start()
    task = asyncio.get_running_loop().create_task(turns.take())
    assert len(await records(tmp_path / "control", "list")) == many
    task.cancel()
    await server.stop()
    assert meanwhile[0] >= many - 1


@pytest.mark.parametrize("turns", range(8))
async def test_who_has_just_been_let_in_is_ended_with_the_others(tmp_path: Path, turns: int) -> None:
    server = ControlServer(tmp_path / "last", perform)
    await server.start()
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(tmp_path / "last"))
        caller.settimeout(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.stop()
        for _ in range(5):  # until what was closed is
            await asyncio.sleep(0)
        assert caller.recv(1) == b""
