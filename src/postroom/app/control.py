"""The control socket: how commands on this machine talk to the running server.

A Unix socket in the data directory; each message is a 32-bit length and MessagePack. A call is one request, the octets of a mail message if
one goes with it, and a stream of records that ends with `Done` or `Failed`. The kernel says who calls (SO_PEERCRED), so no password is needed and none is accepted. Not here: what the
operations do (`app.operations`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import socket
import struct
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from postroom.message.errors import MailError, Overloaded
from postroom.net.sockets import CannotListen

if TYPE_CHECKING:  # commands import this module, and start faster without
    from postroom.store.blobs.spilled import Content

MAX_REQUEST = 16 * 1024 * 1024  # octets beside a message: an alias file
MAX_OF_A_USER = 1024 * 1024  # the same of who is no administrator: many recipients
MOST_OF_A_USER = 100  # calls at a time of who is no administrator, so that one user leaves the others room
PIECE = 256 * 1024  # octets of a message that are taken at a time
SILENCE_SECONDS = 30.0  # that a caller may let us wait for what he owes
ACCEPTING = (
    10  # turns of the loop, more than it takes from a connection's acceptance to its first line of ours
)
FAREWELL_SECONDS = 10.0  # that a call with a message has to come to its end when the server stops
LONGEST_MESSAGE = 600.0  # seconds that a message may take to arrive
BACKLOG = 100  # calls that wait to be taken
MOST_OF_A_NAME = 107  # octets of a socket's name: sun_path without its NUL
MOST_OF_A_FILE = 80  # octets of its last part: a long path is taken by the way of its directory, opened
HUNG_UP = "the server closed the control connection: look at its log"
_LENGTH = struct.Struct("!I")
_PEERCRED = struct.Struct("3i")


class Caller(msgspec.Struct, frozen=True):
    """The process at the other end. `name` is its user's login name, or the number when it has none."""

    uid: int
    pid: int
    name: str

    @property
    def is_administrator(self) -> bool:
        """root, and the user that the server runs as."""
        return self.uid in (0, os.getuid())


class Request(msgspec.Struct, frozen=True):
    """One call: an operation's name and its arguments. `size` octets follow that are the argument `content`."""

    operation: str
    arguments: dict[str, Any]
    size: int = 0


class Found(msgspec.Struct, frozen=True, tag="record"):
    """One record of the answer."""

    record: dict[str, Any]


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The call ended well."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The call failed: words for people, an enhanced status when mail was concerned, and whether it may work later."""

    words: str
    status: str = ""
    temporary: bool = False


Part = Found | Done | Failed
Perform = Callable[[Caller, Request], AsyncIterator[dict[str, Any]]]
Take = Callable[[int, AsyncIterator[bytes]], "AbstractAsyncContextManager[Content]"]


class OperationError(Exception):
    """An operation cannot be done; the text names the input and the remedy."""


def listen_at(path: Path) -> socket.socket:
    """Takes the path over, whose directory is made; a socket that a dead server left behind is removed. Raises `CannotListen`."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with _reachable(path) as name:
            listening.bind(name)
        path.chmod(0o666)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotListen(f"{path}: {error.strerror or error}") from error
    listening.setblocking(False)
    return listening


class ControlServer:
    """Listens at `path` (mode 0666: the kernel tells who calls) and runs each request by `perform`.

    A socket that is `given` is shared with other processes: whoever comes first answers, and the path is not this server's to remove.
    `take` puts away a message of so many octets that comes in pieces, and keeps it while the call lasts.
    """

    def __init__(
        self, path: Path, perform: Perform, given: socket.socket | None = None, take: Take | None = None
    ) -> None:
        self._path = path
        self._perform = perform
        self._take = take
        self._given = given
        self._server: asyncio.Server | None = None
        self._calls: dict[asyncio.Task[Any], int] = {}  # and whose they are
        self._bringing: set[asyncio.Task[Any]] = set()  # those of them that come with a message

    async def start(self) -> None:
        """Takes the path over, if no socket was given; raises `CannotListen`."""
        listening = self._given or listen_at(self._path)
        options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=1 << 20, **options)

    async def stop(self) -> None:
        """Closes the socket and removes it. Who brings a message gets his answer; other calls are ended: some never end by themselves."""
        if self._server:
            if self._given is None:
                self._path.unlink(missing_ok=True)
            for _ in range(ACCEPTING):  # whoever has found the way in begins, and is ended with the others
                await asyncio.sleep(0)
            self._server.close()
        if self._bringing:
            await asyncio.wait(self._bringing, timeout=FAREWELL_SECONDS)
        for call_ in self._calls:
            call_.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = _this_task()
        caller = _caller(writer.get_extra_info("socket"))
        self._calls[task] = caller.uid
        try:
            await self._call(caller, reader, writer)
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            del self._calls[task]
            self._bringing.discard(task)

    async def _call(self, caller: Caller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            last: Part = Done()
            try:
                self._must_have_room(caller)
                async with contextlib.aclosing(self._records(caller, reader)) as records:
                    async for record in records:
                        writer.write(_frame(Found(record)))
                        await writer.drain()
                        await asyncio.sleep(
                            0
                        )  # who reads fast is not waited for by drain(), and would have the loop to himself
            except (OperationError, MailError) as error:
                last = failure(error)
            writer.write(_frame(last))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass  # the caller went away
        finally:
            writer.close()

    def _must_have_room(self, caller: Caller) -> None:
        """Raises `Overloaded` for a user who has too many calls open."""
        open_now = list(self._calls.values()).count(caller.uid)
        if open_now > MOST_OF_A_USER and not caller.is_administrator:
            raise Overloaded(f"{caller.name} has {MOST_OF_A_USER} calls open: try again when one has ended")

    async def _records(self, caller: Caller, reader: asyncio.StreamReader) -> AsyncGenerator[dict[str, Any]]:
        request = await _read_request(reader, MAX_REQUEST if caller.is_administrator else MAX_OF_A_USER)
        async with contextlib.AsyncExitStack() as taken:
            if request.size:
                if self._take is None or request.size < 0:
                    raise OperationError(f"no message can be taken with {request.operation}")
                self._bringing.add(_this_task())
                async with asyncio.timeout(LONGEST_MESSAGE):
                    coming = self._take(request.size, _pieces(reader, request.size))
                    request.arguments["content"] = await taken.enter_async_context(coming)
            async for record in self._perform(caller, request):
                yield record


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "asyncio runs each connection in a task"
    return task


async def _read_request(reader: asyncio.StreamReader, most: int) -> Request:
    async with asyncio.timeout(SILENCE_SECONDS):
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > most:
            raise OperationError(
                f"the request has {length} octets, at most {most} are taken: ask for less at a time"
            )
        octets = await reader.readexactly(length)
    try:
        return _requests.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OperationError(f"that is no request: {error}") from error


async def _pieces(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        async with asyncio.timeout(SILENCE_SECONDS):
            piece = await reader.readexactly(min(size, PIECE))
        yield piece
        size -= len(piece)


def failure(error: OperationError | MailError) -> Failed:
    """The error as an answer."""
    if isinstance(error, MailError):
        return Failed(error.public, str(error.status), not error.permanent)
    return Failed(str(error))


@contextlib.contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """A name for a socket: its path, or for a long one (unix(7) knows 107 octets) a way by its directory, opened."""
    if len(os.fsencode(path)) <= MOST_OF_A_NAME:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


class HungUp(OperationError):
    """The server has closed the connection in the middle of an answer, as one does that stops, or says nothing."""


class NotRunning(Exception):
    """No server listens at the control socket."""


def is_served(path: Path) -> bool:
    """Whether a server listens at the control socket. Asks nothing, and waits until the server has seen that and hung up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(SILENCE_SECONDS)
        try:
            with _reachable(path) as name:
                connection.connect(name)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        with contextlib.suppress(OSError):  # it listens, whatever else is wrong with it
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
    return True


def call(
    path: Path, request: Request, content: bytes = b"", silence: float | None = None
) -> Iterator[dict[str, Any]]:
    """Makes a call from a command: yields records, raises `OperationError` or `CallFailed`, or `NotRunning` before anything was sent.

    `content` is a mail message that goes with the request. A server that says nothing for `silence` seconds is `HungUp`; without, it is waited for.
    """
    asked = _frame(msgspec.structs.replace(request, size=len(content)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(silence)
        try:
            with _reachable(path) as name:
                connection.connect(name)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no server listens at {path}") from error
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # the answer, if there is one, says why
            connection.sendall(asked)
            connection.sendall(content)
        while (record := _record(_read_part(connection))) is not None:
            yield record


async def calling(path: Path, request: Request) -> AsyncIterator[dict[str, Any]]:
    """As `call`, without a message, for a program with a loop of its own; whoever leaves the iteration hangs up."""
    with _reachable(path) as name:
        try:
            reader, writer = await asyncio.open_unix_connection(name, limit=1 << 20)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no server listens at {path}") from error
    try:
        writer.write(_frame(request))
        while True:
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            record = _record(_parts.decode(await reader.readexactly(length)))
            if record is None:
                return
            yield record
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise HungUp(HUNG_UP) from error
    finally:
        writer.close()


class CallFailed(OperationError):
    """The server's `Failed`, with its status."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.words)
        self.failed = failed


def _record(part: Part) -> dict[str, Any] | None:
    """What was found; None at the end. Raises `CallFailed`."""
    if isinstance(part, Failed):
        raise CallFailed(part)
    return part.record if isinstance(part, Found) else None


def _read_part(connection: socket.socket) -> Part:
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return _parts.decode(_exactly(connection, length))


def _exactly(connection: socket.socket, size: int) -> bytes:
    chunks: list[bytes] = []
    while size:
        try:
            chunk = connection.recv(min(size, 1 << 20))
        except ConnectionResetError:
            chunk = b""
        except TimeoutError as error:
            raise HungUp("the server has taken the connection and does not answer") from error
        if not chunk:
            raise HungUp(HUNG_UP)
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _frame(value: Request | Part) -> bytes:
    try:
        packed = msgspec.msgpack.encode(value)
    except UnicodeEncodeError as error:  # an argument of the command line in another charset
        raise OperationError(f"{error.object!r} is not text: write it in UTF-8") from error
    return _LENGTH.pack(len(packed)) + packed


def login_name(uid: int) -> str:
    """The login name of a user of this machine, or the number when it has none, as in many a container."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _caller(connection: socket.socket) -> Caller:
    pid, uid, _ = _PEERCRED.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
    )
    return Caller(uid, pid, login_name(uid))


_requests = msgspec.msgpack.Decoder(Request)
_parts: msgspec.msgpack.Decoder[Part] = msgspec.msgpack.Decoder(Part)
