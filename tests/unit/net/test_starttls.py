"""TLS under a running session: what came before the handshake stays outside."""

import asyncio
import ssl
from typing import Any

import pytest

from postroom.net import pump
from unit.net.lines import BIG_REPLY, Service


async def secured(service: Service, serve: Any, dial: Any, client_tls: ssl.SSLContext) -> Any:
    client = await dial(await serve(service))
    await client.line()
    assert await client.say(b"STARTTLS") == b"go ahead\n"
    await client.start_tls(client_tls)
    return client


async def test_starttls(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    service = Service(tls=server_tls)
    client = await secured(service, serve, dial, client_tls)
    assert await client.say(b"inside") == b"inside\n"
    facts = service.session.facts
    assert facts is not None
    assert (facts.version, facts.server_name, facts.bits) == ("TLSv1.3", "mx.test", 256)
    assert service.session.connection.tls == facts


async def test_lines_behind_starttls_are_never_answered(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    service = Service(tls=server_tls)
    client = await dial(await serve(service))
    await client.line()
    client.send(b"STARTTLS\ninjected\n")
    assert await client.line() == b"go ahead\n"
    await client.start_tls(client_tls)
    assert await client.say(b"real") == b"real\n"
    assert service.session.seen == [b"STARTTLS", b"real"]


async def test_lines_in_the_place_of_a_handshake_break_it(
    serve: Any, dial: Any, server_tls: ssl.SSLContext
) -> None:
    service = Service(tls=server_tls)
    client = await dial(await serve(service))
    await client.line()
    assert await client.say(b"STARTTLS") == b"go ahead\n"
    client.send(b"injected\n" * 10)
    assert b"injected" not in await client.rest()
    await service.session.over.wait()
    assert service.session.seen == [b"STARTTLS"]
    assert service.session.ends[0].startswith("TLS: ")
    assert service.errors == []


async def test_big_replies_through_tls(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    client = await secured(Service(tls=server_tls), serve, dial, client_tls)
    client.send(b"BIG\n" * 20)
    assert len(await asyncio.wait_for(client.reader.readexactly(20 * BIG_REPLY), 60)) == 20 * BIG_REPLY


async def test_big_input_through_tls(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    service = Service(tls=server_tls)
    client = await secured(service, serve, dial, client_tls)
    line = b"y" * 300_000
    assert await asyncio.wait_for(_echoed(client, line), 60) == line + b"\n"


async def _echoed(client: Any, line: bytes) -> bytes:
    client.send(line + b"\n")
    return bytes(await client.reader.readexactly(len(line) + 1))


async def test_quit_inside_tls_ends_with_close_notify(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    service = Service(tls=server_tls)
    client = await secured(service, serve, dial, client_tls)
    client.send(b"QUIT\n")
    assert await client.rest() == b"QUIT\n"
    await service.session.over.wait()
    assert service.session.ends == ["done"]


async def test_close_notify_of_the_client_ends_the_session(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    service = Service(tls=server_tls)
    client = await secured(service, serve, dial, client_tls)
    client.writer.close()
    await asyncio.wait_for(service.session.over.wait(), 60)
    assert service.session.ends == ["closed by the peer"]


async def test_implicit_tls_greets_after_the_handshake(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    service = Service()
    service.implicit = server_tls
    client = await dial(await serve(service), client_tls)
    assert await client.line() == b"hello\n"
    assert service.session.facts is not None
    assert await client.say(b"x") == b"x\n"


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01", b"EHLO me\r\n"])
async def test_no_handshake_no_session(
    serve: Any, dial: Any, server_tls: ssl.SSLContext, said: bytes
) -> None:
    service = Service()
    service.implicit = server_tls
    client = await dial(await serve(service))
    client.send(said)
    while not len(service.connections):
        await asyncio.sleep(0)
    service.now += pump.HANDSHAKE_SECONDS + 1
    service.connections.check()
    try:
        await client.rest()
    except ConnectionResetError:
        pass
    assert not service.sessions
    assert service.errors == []


async def test_an_old_protocol_gets_an_alert(serve: Any, dial: Any, server_tls: ssl.SSLContext) -> None:
    service = Service()
    service.implicit = server_tls
    port = await serve(service)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        await dial(port, old)
    assert not service.sessions
