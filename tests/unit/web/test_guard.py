"""What the guard hears and what it does not, and the applications that are mounted behind it."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.web.guard import MAX_BODY, MAX_FIELDS, Guard, Mount, Rules

OWN = ((b"host", b"l.test"),)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says where it stands and how long the body was."""
    size = 0
    while True:
        message = await receive()
        size += len(message["body"])
        if not message["more_body"]:
            break
    headers = [(b"content-security-policy", b"default-src 'self'")] if scope["path"] == "/own" else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": f"{scope['path']} {size}".encode()})


def named(name: bytes) -> Any:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name})

    return app


async def hears(host: str) -> bool:
    return host in ("l.test", "::1")


async def ask(
    path: str = "/",
    method: str = "GET",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    pieces: tuple[bytes, ...] = (b"",),
    https: int = 0,
    scheme: str = "http",
    client: str = "127.0.0.1",
) -> tuple[int, dict[str, str], str]:
    rules = Rules(hears, lambda: https, lambda: 1_790_000_000_000_000)
    guard = Guard(rules, (Mount("/jmap", echo, 100), Mount("/jm", named(b"jm"))), echo)
    sent: list[Any] = []
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    coming[-1]["more_body"] = False

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": scheme,
        "client": (client, 1),
        "headers": list((*OWN, *headers) if not any(name == b"host" for name, _ in headers) else headers),
    }
    await guard(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:]).decode()


@pytest.mark.parametrize(
    ("path", "said"),
    [("/", "/ 0"), ("/jmap", "/jmap 0"), ("/jmap/x", "/jmap/x 0"), ("/jm", "jm"), ("/jmapx", "/jmapx 0")],
)
async def test_mounted_applications_have_their_paths(path: str, said: str) -> None:
    assert (await ask(path))[2] == said


@pytest.mark.parametrize(
    ("path", "most"),
    [("/jmap", 100), ("/", MAX_BODY)],
)
async def test_a_body_has_a_limit(path: str, most: int) -> None:
    for size, status in ((most, 200), (most + 1, 413)):
        length = (b"content-length", str(size).encode())
        assert (await ask(path, "POST", (length,), (bytes(size),)))[0] == status
        assert (await ask(path, "POST", (), (bytes(size - 1), b"x")))[0] == status
    assert (await ask(path, "POST", ((b"content-length", b"9" * 4000),)))[1]["connection"] == "close"


async def test_the_fields_have_a_limit() -> None:
    taken = len(b"hostl.testa/") + 8
    assert (await ask(headers=((b"a", bytes(MAX_FIELDS - taken)),)))[0] == 200
    assert (await ask(headers=((b"a", bytes(MAX_FIELDS - taken + 1)),)))[0] == 431


@pytest.mark.parametrize(
    ("target", "host", "status", "said"),
    [
        ("http://l.test/jmap/x", b"elsewhere.test", 200, "/jmap/x 0"),  # RFC 9112 §3.2.2: Host is ignored
        ("HTTPS://L.test:8443", b"l.test", 200, "/ 0"),
        ("http://elsewhere.test/", b"l.test", 403, "no such host"),
        ("http://", b"l.test", 200, "http:// 0"),
    ],
)
async def test_a_target_that_is_a_whole_url(target: str, host: bytes, status: int, said: str) -> None:
    found = await ask(target, headers=((b"host", host),))
    assert found[0] == status
    assert said in found[2]


@pytest.mark.parametrize(
    ("scheme", "client", "status"),
    [("http", "127.0.0.1", 200), ("https", "192.0.2.1", 200), ("http", "192.0.2.1", 403)],
)
async def test_passwords_and_tokens_are_not_taken_in_the_clear(scheme: str, client: str, status: int) -> None:
    for given in (b"Basic Ym9iOng=", b"Bearer prt_x"):
        headers = ((b"authorization", given),)
        assert (await ask("/jmap", headers=headers, scheme=scheme, client=client))[0] == status
    assert (await ask("/jmap", scheme=scheme, client=client))[0] == 200


async def test_one_framing_and_no_packing() -> None:
    both = ((b"content-length", b"0"), (b"transfer-encoding", b"chunked"))
    assert (await ask("/", "POST", both))[0] == 400
    assert (await ask("/", "POST", ((b"content-encoding", b"gzip"),)))[0] == 415
    assert (await ask("/", "POST", ((b"content-encoding", b"identity"),)))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"cookie": "a=b"}, 200),
        ({"origin": "http://evil.test"}, 200),  # without a cookie nobody's name is used
        ({"cookie": "a=b", "origin": "http://l.test"}, 200),
        ({"cookie": "a=b", "origin": "https://l.test"}, 403),
        ({"cookie": "a=b", "origin": "http://evil.test"}, 403),
        ({"cookie": "a=b", "origin": "null"}, 403),
        ({"cookie": "a=b", "sec-fetch-site": "same-origin"}, 200),
        ({"cookie": "a=b", "sec-fetch-site": "none"}, 200),
        ({"cookie": "a=b", "sec-fetch-site": "same-site"}, 403),
        ({"cookie": "a=b", "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_another_site_may_not_ask_in_a_users_name(headers: dict[str, str], status: int) -> None:
    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())
    assert (await ask("/", "POST", fields))[0] == status
    assert (await ask("/", "GET", fields))[0] == 200


async def test_what_an_application_says_of_itself_stays() -> None:
    assert (await ask("/own"))[1]["content-security-policy"] == "default-src 'self'"
    _, headers, _ = await ask("/", scheme="https")
    assert headers["strict-transport-security"]
    assert headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


async def test_where_plain_http_leads() -> None:
    assert (await ask("/x", https=443))[1]["location"] == "https://l.test/x"
    assert (await ask("/x", https=8443))[1]["location"] == "https://l.test:8443/x"
    assert (await ask("/x", https=443, headers=((b"host", b"evil"),)))[0] == 403
    for field, port in ((b"[::1]", 443), (b"[::1]:8080", 8443)):
        where = (await ask("/x", https=port, headers=((b"host", field),)))[1]["location"]
        assert where == ("https://[::1]/x" if port == 443 else "https://[::1]:8443/x")
    assert (await ask("//evil/x", https=443))[1]["location"] == "https://l.test//evil/x"
    assert (await ask("http://evil/x", https=443))[0] == 403
    assert (await ask("http://l.test/x", https=443))[1]["location"] == "https://l.test/x"
    assert (await ask("*", https=443))[0] == 400
    assert (await ask("/x", "POST", https=443))[0] == 403
