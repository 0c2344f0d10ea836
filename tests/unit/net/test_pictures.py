"""Pictures of other hosts: what is fetched, from where, and what is not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from postroom.message.mime.picture_kinds import picture_kind
from postroom.net.https import NotFetched, Web
from postroom.net.pictures import MOST_REDIRECTS, Pictures, request_of
from postroom.net.public_addresses import is_public

ALICE, BOB = 1, 2
PNG = b"\x89PNG\r\n\x1a\n...."


class Names:
    """A resolver that knows what it is told."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked: list[str] = []

    async def addresses(self, name: str) -> Any:
        self.asked.append(name)
        found = self.known.get(name.replace(".", "_"))
        return SimpleNamespace(records=(found,) if found else (), rcode="NXDOMAIN")


class Server:
    """A web server that answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(asked)
        writer.write(self.answers[asked.split()[1]])
        await writer.drain()
        writer.close()


def answer(body: bytes, head: str = "HTTP/1.1 200 OK\r\nContent-Type: text/html") -> bytes:
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.start()
    yield made
    made.server.close()
    await made.server.wait_closed()


def pictures(server: Server, permitted: Callable[[str], bool] = lambda _: True, **names: str) -> Pictures:
    known: Any = Names(**(names or {"x_test": "127.0.0.1"}))
    web = Web(known, None, lambda _: server.port, seconds=5, permitted=permitted)
    return Pictures(web, web)


async def test_a_picture_is_what_its_octets_are(server: Server) -> None:
    server.answers["/a%20b?c=%C3%A9"] = answer(PNG)
    found = await pictures(server).fetch("http://X.test/a b?c=\u00e9#frag", ALICE)
    assert (found.kind, found.octets) == ("image/png", PNG)
    asked = server.asked[0].lower()
    assert "host: x.test\r\n" in asked
    for word in ("cookie", "referer", "authorization", "frag", "from:"):
        assert word not in asked


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (b"<svg onload=x>", "HTTP/1.1 200 OK\r\nContent-Type: image/svg+xml"),
        (b"<html>", "HTTP/1.1 200 OK\r\nContent-Type: image/png"),
        (b"", "HTTP/1.1 200 OK"),
        (PNG, "HTTP/1.1 404 Not Found"),
        (PNG, "HTTP/1.1 304 Not Modified"),
        (PNG, "HTTP/1.1 200 OK\r\nContent-Length: 99999999"),
    ],
)
async def test_what_is_no_picture_is_not_given(server: Server, body: bytes, head: str) -> None:
    server.answers["/"] = answer(body, head)
    with pytest.raises(NotFetched):
        await pictures(server).fetch("http://x.test", ALICE)


async def test_redirects_are_looked_at_like_the_first(server: Server) -> None:
    def to(url: str) -> bytes:
        return answer(b"", f"HTTP/1.1 302 Found\r\nLocation: {url}")

    server.answers |= {
        "/": to("/next"),
        "/next": answer(PNG),
        "/round": to("/round"),
        "/in": to("http://inside.test/"),
        "/odd": to("http://x.test:22/"),
    }
    assert (await pictures(server).fetch("http://x.test/", ALICE)).kind == "image/png"
    with pytest.raises(NotFetched, match=f"more than {MOST_REDIRECTS}"):
        await pictures(server).fetch("http://x.test/round", ALICE)
    assert sum("/round" in one for one in server.asked) == MOST_REDIRECTS + 1
    for path in ("in", "odd"):
        with pytest.raises(NotFetched):
            await pictures(server).fetch(f"http://x.test/{path}", ALICE)
    server.answers["/file"] = to("file:///etc/passwd")
    with pytest.raises(NotFetched, match="alone"):
        await pictures(server).fetch("http://x.test/file", ALICE)
    server.answers["/none"] = to("http://[bad")
    with pytest.raises(NotFetched, match="no address"):
        await pictures(server).fetch("http://x.test/none", ALICE)


@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
async def test_where_a_redirect_leads_may_be_written_in_utf_8(server: Server, coding: str) -> None:
    """Browsers go there: a field's octets mean nothing of themselves (RFC 9110 section 5.5)."""
    server.answers |= {
        "/": "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /K\u00f6ln\r\n\r\n".encode(coding),
        "/K%C3%B6ln": answer(PNG),
    }
    assert (await pictures(server).fetch("http://x.test/", ALICE)).kind == "image/png"


async def test_hosts_that_never_answer_hold_up_their_readers_alone(server: Server) -> None:
    """Sixteen pictures of one message at a host that is silent kept everybody else's waiting for twenty seconds."""
    silent = asyncio.Event()
    server.answers["/"] = answer(PNG)
    fetched = pictures(server)
    answering = fetched._fetch

    async def fetch(url: str) -> Any:
        await silent.wait() if "slow" in url else None
        return await answering(url)

    fetched._fetch = fetch  # type: ignore[method-assign]
    waiting = [asyncio.create_task(fetched.fetch("http://x.test/?slow", ALICE)) for _ in range(20)]
    await asyncio.sleep(0)
    assert (await asyncio.wait_for(fetched.fetch("http://x.test/", BOB), 60)).kind == "image/png"
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.168.1.1", "::1", "::ffff:7f00:1", "64:ff9b::7f00:1", "fe80::1", "fd00::1"],
)  # fmt: skip
async def test_nothing_inside_is_connected_to(server: Server, ip: str) -> None:
    with pytest.raises(NotFetched, match="no address on the public Internet"):
        await pictures(server, is_public, x_test=ip).fetch("http://x.test/", ALICE)
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://x.test:8080/", "https://x.test:80/", "ftp://x.test/", "http://u:p@x.test/", "http:///x", "http://[::1]/", "http://x_y/", "http://" + "x" * 300 + "/", "http://x.test/" + "y" * 3100, "http://[", "gopher://x", "", "http://x.test:99999/", "http://\u2028.test/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_fetched(url: str) -> None:
    with pytest.raises(NotFetched):
        request_of(url)


def test_nothing_gets_into_the_request() -> None:
    _, request = request_of("http://x\r\ny/a\r\nb: c\u2028 \x7f?d\n")
    assert (request.host, request.target) == ("xy", "/ab:%20c%E2%80%A8%20%7F?d")


async def test_numbers_are_names_without_addresses(server: Server) -> None:
    for url in ("http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/"):
        with pytest.raises(NotFetched):
            await pictures(server).fetch(url, ALICE)
    assert server.asked == []


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (PNG, "image/png"), (b"GIF89a", "image/gif"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"RIFF....WEBPVP8", "image/webp"),
        (b"....ftypavif", "image/avif"), (b"<svg>", None), (b"", None), (b"%PDF", None), (b"RIFF....WAVE", None),
    ],
)  # fmt: skip
def test_kinds(octets: bytes, kind: str | None) -> None:
    assert picture_kind(octets) == kind
