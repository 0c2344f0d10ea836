"""Greetings, free ports and idle connections."""

import socket
import threading
from collections.abc import Iterator

import pytest
from bench.processes import BenchError
from bench.sockets import IdleConnections, free_ports, room_for, until_banner


@pytest.fixture
def greeting_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            held = []
            try:
                while True:
                    held.append(listener.accept()[0])
                    held[-1].sendall(b"+OK ready\r\n")
            except OSError:
                for connection in held:
                    connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_ports_differ():
    assert len(set(free_ports(20))) == 20


def test_a_banner_is_waited_for(greeting_port: int):
    assert until_banner(greeting_port, b"+OK", 5) > 0


def test_another_banner_is_told(greeting_port: int):
    with pytest.raises(BenchError, match="did not say 220 within 0 s"):
        until_banner(greeting_port, b"220", 0.2)


def test_a_server_that_ended_is_not_waited_for():
    with pytest.raises(BenchError, match="ended before"):
        until_banner(free_ports(1)[0], b"220", 60, lambda: True)


def test_idle_connections(greeting_port: int):
    with IdleConnections(greeting_port, 5, None):
        pass


def test_a_server_that_takes_no_connections():
    with pytest.raises(BenchError, match="connection 0 of 3"):
        IdleConnections(free_ports(1)[0], 3, None)


def test_room_is_never_more_than_asked_for():
    assert room_for(10) == 10
