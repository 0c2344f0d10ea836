"""One request and its response: every cut, every limit, everything that is no response."""

from __future__ import annotations

import pytest

from postroom.proto.http.client import (
    AVERAGE_CHUNK,
    MAX_FIELDS,
    MAX_LINE,
    MOST_CHUNKS,
    BadResponse,
    HttpClient,
    Request,
    Response,
)

REQUEST = Request("mta-sts.r.test", "/x", 20, fields=(("Accept", "text/plain"),))


def heard(
    octets: bytes, *, size: int = 1 << 20, most: int = 20, ends: bool = True
) -> Response | BadResponse | None:
    machine = HttpClient(Request("h.test", "/x", most))
    for at in range(0, len(octets), size):
        machine.receive(octets[at : at + size])
        event = machine.next_event()
        if event is not None:
            assert machine.closing
            assert machine.next_event() is None
            return event
    return machine.ended() if ends else machine.next_event()


def test_the_request() -> None:
    assert HttpClient(REQUEST).data_to_send() == (
        b"GET /x HTTP/1.1\r\nHost: mta-sts.r.test\r\nUser-Agent: Postroom\r\nConnection: close\r\nAccept: text/plain\r\n\r\n"
    )


def test_a_request_with_a_body() -> None:
    machine = HttpClient(Request("h.test", "/r", 1, "POST", (("Content-Type", "a/b"),), b"body"))
    octets = machine.data_to_send()
    assert octets.startswith(b"POST /r HTTP/1.1\r\n")
    assert octets.endswith(b"Content-Length: 4\r\n\r\nbody")
    assert machine.data_to_send() == b""


GOOD = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", b"body"),
    (b"HTTP/1.0 200 OK\r\n\r\nbody\nto the end", b"body\nto the end"),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1;x=y\r\ny\r\n0\r\nTrailer: 1\r\n\r\n",
        b"body",
    ),
    (b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", b"body"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    (b"HTTP/1.1 204 \r\n\r\n", b""),
]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(("octets", "body"), GOOD)
def test_good_responses_in_every_cut(octets: bytes, body: bytes, size: int) -> None:
    event = heard(octets, size=size)
    assert isinstance(event, Response)
    assert event.body == body


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"220 mail ESMTP\r\n", "does not speak HTTP/1.1"),
        (b"HTTP/2 200\r\n", "does not speak HTTP/1.1"),
        (b"HTTP/1.1 2OO OK\r\n", "does not speak HTTP/1.1"),
        (b"HTTP/1.1 099 OK\r\n", "does not speak HTTP/1.1"),
        (b"HTTP/1.1 200 OK\nContent-Length: 1\r\n", "ended by LF alone"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nName : x\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n folded\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\n", "no number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", "ended within the response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer coding gzip"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\n", "size of a chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "longer than it says"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na", "ended within the response"),
        (b"", "ended within the response"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_is_no_response(octets: bytes, why: str, size: int) -> None:
    event = heard(octets, size=size)
    assert isinstance(event, BadResponse)
    assert why in event.why


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(
    "shape",
    [
        "HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n{body}",
        "HTTP/1.1 200 OK\r\n\r\n{body}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{n:x}\r\n{body}\r\n0\r\n\r\n",
    ],
)
def test_the_most_octets_of_a_document(shape: str, size: int) -> None:
    for octets, fits in ((20, True), (21, False)):
        event = heard(shape.format(n=octets, body="x" * octets).encode(), size=size)
        assert isinstance(event, Response if fits else BadResponse)
    assert isinstance(event, BadResponse)
    assert "longer than 20 octets" in event.why


def test_a_body_without_a_length_ends_where_the_server_says_so() -> None:
    for said in (True, False):
        machine = HttpClient(Request("h.test", "/x", 20))
        machine.receive(b"HTTP/1.1 200 OK\r\n\r\nbod")
        assert machine.next_event() is None
        assert isinstance(machine.ended(said=said), Response if said else BadResponse)


def test_many_small_chunks_are_counted_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert isinstance(heard(head + b"1\r\nx\r\n" * 20 + b"0\r\n\r\n"), Response)
    assert isinstance(heard(head + b"1\r\nx\r\n" * 21), BadResponse)


@pytest.mark.parametrize(("octets", "fits"), [(AVERAGE_CHUNK, True), (AVERAGE_CHUNK // 2, False)])
def test_a_document_in_crumbs(octets: int, fits: bool) -> None:
    """Ten megabytes in chunks of one octet took two minutes to read."""
    chunk = f"{octets:x}\r\n{'x' * octets}\r\n".encode()
    body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * (3 * MOST_CHUNKS) + b"0\r\n\r\n"
    found = heard(body, most=1 << 20)
    assert isinstance(found, Response) == fits, found


@pytest.mark.parametrize(("fields", "fits"), [(MAX_FIELDS, True), (MAX_FIELDS + 1, False)])
def test_the_most_fields(fields: int, fits: bool) -> None:
    head = b"".join(b"X-%d: y\r\n" % number for number in range(fields))
    event = heard(b"HTTP/1.1 204 No\r\n" + head + b"\r\n", ends=False)
    assert isinstance(event, Response if fits else BadResponse)
    event = heard(b"HTTP/1.1 204 No\r\n" + b"X: y\r\n" * fields + b"\r\n", ends=False)
    assert isinstance(event, Response if fits else BadResponse)
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * fields
    event = heard(interim + b"HTTP/1.1 204 No\r\n\r\n", ends=False)
    assert isinstance(event, Response if fits else BadResponse)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    event = heard(chunked + b"X: y\r\n" * (fields - 1) + b"\r\n", ends=False)
    assert isinstance(event, Response if fits else BadResponse)


@pytest.mark.parametrize(("octets", "fits"), [(MAX_LINE, True), (MAX_LINE + 1, False)])
def test_the_longest_line(octets: int, fits: bool) -> None:
    line = b"X: ".ljust(octets - 2, b"y") + b"\r\n"
    event = heard(b"HTTP/1.1 204 No\r\n" + line + b"\r\n", ends=False)
    assert isinstance(event, Response if fits else BadResponse)


def test_the_media_type() -> None:
    event = heard(b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Length: 0\r\n\r\n")
    assert isinstance(event, Response)
    assert event.media_type == "text/plain"
