"""What the pump promises, seen from a client."""

import asyncio
import random
import ssl
from typing import Any

import pytest

from postroom.net import pump
from unit.net.lines import BIG_REPLY, Service


async def test_pipelined_lines_are_answered_in_order_in_one_write(serve: Any, dial: Any) -> None:
    client = await dial(await serve(Service()))
    assert await client.line() == b"hello\n"
    client.send(b"a\nNOOP\nb\n")
    assert await client.lines(3) == [b"a\n", b"ok\n", b"b\n"]


@pytest.mark.parametrize("seed", range(5))
async def test_the_cut_of_segments_does_not_matter(serve: Any, dial: Any, seed: int) -> None:
    client = await dial(await serve(Service()))
    script = b"".join(b"line %d\n" % number for number in range(300))
    cut = random.Random(seed)
    while script:
        size = cut.choice((1, 7, 500))
        client.send(script[:size])
        script = script[size:]
        await asyncio.sleep(0)
    assert await client.lines(301) == [b"hello\n", *(b"line %d\n" % number for number in range(300))]


async def test_a_waiting_handler_holds_the_later_ones(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    assert await client.say(b"a\nWAIT\nb") == b"a\n"
    await asyncio.sleep(0)
    assert service.session.seen == [b"a", b"WAIT"]
    service.session.gate.set()
    assert await client.lines(2) == [b"WAIT\n", b"b\n"]


async def test_reading_stops_while_a_handler_waits(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.send(b"WAIT\n" + b"x\n" * (8 << 20))
    received = -1
    while received != service.session.connection.bytes_in:  # until nothing comes any more
        received = service.session.connection.bytes_in
        await asyncio.sleep(0.05)
    assert received <= pump.MOST_AHEAD + 512 * 1024
    assert len(service.session.machine.buffer) < received
    client.writer.transport.abort()
    service.session.gate.set()
    await service.session.over.wait()


async def test_nothing_is_handled_for_a_peer_that_does_not_read(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.writer.transport.pause_reading()
    client.send(b"BIG\n" * 100)
    while not service.sessions[-1].connection.blocked:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    handled = len(service.session.seen)
    assert handled < 20
    client.writer.transport.resume_reading()
    assert len(await asyncio.wait_for(client.reader.readexactly(100 * BIG_REPLY), 60)) == 100 * BIG_REPLY


async def test_many_events_share_the_loop(serve: Any, dial: Any) -> None:
    service = Service()
    port = await serve(service)
    busy, other = await dial(port), await dial(port)
    await busy.line()
    await other.line()
    busy.send(b"x\n" * (10 * pump.EVENTS_PER_TURN))
    assert await other.say(b"me too") == b"me too\n"
    assert await busy.lines(10 * pump.EVENTS_PER_TURN) == [b"x\n"] * (10 * pump.EVENTS_PER_TURN)


@pytest.mark.parametrize("line", [b"FAIL", b"WAITFAIL"])
async def test_a_fault_in_a_handler_ends_with_a_last_word(serve: Any, dial: Any, line: bytes) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.send(line + b"\nafter\n")
    await asyncio.sleep(0)
    while not service.sessions or not service.session.seen:
        await asyncio.sleep(0)
    service.session.gate.set()
    assert await client.rest() == b"sorry\n"
    await service.session.over.wait()
    assert [str(error) for error in service.errors] == ["a fault in the handler"]
    assert service.session.ends == ["fault"]


async def test_a_fault_in_the_machine_ends_too(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    service.session.machine.receive = None  # type: ignore[method-assign,assignment]
    assert await client.say(b"x") == b"sorry\n"
    assert await client.rest() == b""
    assert [type(error) for error in service.errors] == [TypeError]


async def test_quit_closes_after_the_reply(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    client.send(b"QUIT\nnever\n")
    assert await client.rest() == b"hello\nQUIT\n"
    await service.session.over.wait()
    assert service.session.ends == ["done"]


async def test_a_peer_that_has_taken_its_leave_is_not_waited_for(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    service.session.connection.parting = True
    client.send(b"QUIT\n")
    assert await client.rest() == b"QUIT\n"
    while len(service.connections):  # although the client keeps its side open
        await asyncio.sleep(0)


async def test_a_client_that_has_said_all_still_gets_its_replies(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.send(b"a\nWAIT\nb\n")
    client.writer.write_eof()
    assert await client.line() == b"a\n"
    service.session.gate.set()
    assert await client.rest() == b"WAIT\nb\n"
    await service.session.over.wait()
    assert service.session.ends == ["closed by the peer"]


async def test_a_handler_outlives_its_connection(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.send(b"WAIT\n")
    while not service.session.seen:
        await asyncio.sleep(0)
    client.reset()
    while len(service.connections):
        await asyncio.sleep(0)
    assert service.session.ends == []
    service.session.gate.set()
    await service.session.over.wait()
    assert len(service.session.ends) == 1
    assert service.errors == []


async def test_a_push_leaves_at_once(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    service.session.machine.out.append(b"* news\n")
    service.session.connection.wake()
    assert await client.line() == b"* news\n"


async def test_drained_waits_for_the_reader_and_hears_of_its_end(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    connection = service.session.connection
    client.writer.transport.pause_reading()
    while not connection.blocked:  # type: ignore[attr-defined]
        service.session.machine.out.append(b"x" * BIG_REPLY)
        connection.wake()
    waiting = asyncio.ensure_future(connection.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    client.writer.transport.abort()
    with pytest.raises(ConnectionError):
        await waiting


def after(seconds: float, service: Service) -> None:
    service.now += seconds
    service.connections.check()


async def test_silence_ends_with_a_last_word(serve: Any, dial: Any) -> None:
    service = Service(patience=300)
    client = await dial(await serve(service))
    await client.line()
    after(299, service)
    assert await client.say(b"here") == b"here\n"
    after(299, service)
    client.send(b"drip")
    while service.session.connection.bytes_in < 9:
        await asyncio.sleep(0)
    after(2, service)  # octets that make no line are silence too
    assert await client.rest() == b"too slow\n"
    await service.session.over.wait()
    assert service.session.ends == ["timed out"]


async def test_a_waiting_handler_is_not_silence(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.send(b"WAIT\n")
    while not service.session.seen:
        await asyncio.sleep(0)
    after(10_000, service)
    service.session.gate.set()
    assert await client.line() == b"WAIT\n"


async def test_who_does_not_close_is_cut_off(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    client.send(b"QUIT\n" + b"x" * 500_000)
    assert await client.rest() == b"hello\nQUIT\n"
    assert service.session.ends == ["done"]
    assert len(service.connections) == 1
    after(pump.LINGER_SECONDS + 1, service)
    await asyncio.sleep(0)
    assert len(service.connections) == 0


async def test_who_never_reads_is_cut_off(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.writer.transport.pause_reading()
    client.send(b"BIG\n" * 50)
    while not service.session.connection.blocked:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    after(1, service)
    after(pump.STALLED_SECONDS + 1, service)
    await asyncio.wait_for(service.session.over.wait(), 60)
    assert service.session.ends == ["timed out"]


async def test_the_end_of_the_service(serve: Any, dial: Any) -> None:
    service = Service()
    port = await serve(service)
    idle, busy = await dial(port), await dial(port)
    await idle.line()
    await busy.line()
    busy.send(b"WAIT\n")
    while not any(session.seen for session in service.sessions):
        await asyncio.sleep(0)
    drained = asyncio.ensure_future(service.connections.drain(20))
    assert await idle.rest() == b"going down\n"
    for session in service.sessions:
        session.gate.set()
    assert await busy.rest() == b"WAIT\ngoing down\n"
    await idle.close()
    await busy.close()
    await drained
    assert len(service.connections) == 0


@pytest.mark.parametrize("here", [True, False])
async def test_what_does_not_end_in_time_is_cut_and_no_fault(serve: Any, dial: Any, here: bool) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    client.send(b"WAIT\n")
    while not service.session.seen:
        await asyncio.sleep(0)
    if not here:
        await client.close()
    await service.connections.drain(0.01)
    await asyncio.wait_for(service.session.over.wait(), 60)
    assert len(service.session.ends) == 1
    assert service.errors == []


async def test_facts_of_a_connection(serve: Any, dial: Any) -> None:
    service = Service()
    client = await dial(await serve(service))
    await client.line()
    connection = service.session.connection
    assert (connection.peer.ip, connection.local.ip) == ("127.0.0.1", "127.0.0.1")
    assert connection.peer.port == client.writer.get_extra_info("sockname")[1]
    assert connection.tls is None
    assert connection.peer.is_loopback


async def test_a_session_that_cannot_begin(serve: Any, dial: Any) -> None:
    service = Service()
    service.make = None  # type: ignore[method-assign,assignment]
    client = await dial(await serve(service))
    assert await client.rest() == b""
    assert [type(error) for error in service.errors] == [TypeError]


def test_endpoint_is_a_value(server_tls: ssl.SSLContext) -> None:
    service = Service()
    service.implicit = server_tls
    context = service.endpoint().implicit_tls
    assert context is not None
    assert context() is server_tls
