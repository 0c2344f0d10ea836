"""Listening sockets."""

import os
import socket
import subprocess
import sys

import pytest

from postroom.net import sockets
from postroom.net.sockets import CannotListen

INHERITOR = """
import os, socket
from postroom.net.sockets import inherited
os.environ["LISTEN_PID"] = str(os.getpid())
found = inherited(os.environ, os.getpid())
print({name: [(opened.getsockname()[1], opened.proto == socket.IPPROTO_TCP, opened.getblocking()) for opened in held] for name, held in found.items()})
"""


def closed(made: list[socket.socket]) -> None:
    for each in made:
        each.close()


def test_all_addresses_have_one_port() -> None:
    made = sockets.tcp([""], 0)
    assert len({each.getsockname()[1] for each in made}) == 1
    assert made[0].family is socket.AF_INET
    assert {each.proto for each in made} == {socket.IPPROTO_TCP}
    closed(made)


def test_a_port_in_use_is_named() -> None:
    made = sockets.tcp(["127.0.0.1"], 0)
    port = made[0].getsockname()[1]
    with pytest.raises(CannotListen, match=rf"127\.0\.0\.1 port {port}: Address already in use"):
        sockets.tcp(["127.0.0.1"], port)
    closed(made)


def test_a_shared_port() -> None:
    first = sockets.tcp(["127.0.0.1"], 0, shared=True)
    second = sockets.tcp(["127.0.0.1"], first[0].getsockname()[1], shared=True)
    closed(first + second)


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1 port 25"):
        sockets.tcp(["192.0.2.1"], 25)


def test_sockets_of_systemd() -> None:
    made = sockets.tcp(["127.0.0.1"], 0)
    port = made[0].getsockname()[1]

    def hand_over() -> None:
        os.dup2(made[0].fileno(), 3)
        os.dup2(made[0].fileno(), 4)

    environment = {
        **os.environ,
        "LISTEN_FDS": "2",
        "LISTEN_FDNAMES": "smtp:pop3",
        "PYTHONPATH": ":".join(sys.path),
    }
    told = subprocess.run(
        [sys.executable, "-c", INHERITOR],
        preexec_fn=hand_over,
        pass_fds=(3, 4),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str({"smtp": [(port, True, False)], "pop3": [(port, True, False)]})
    closed(made)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "7"},
        {"LISTEN_FDS": "x", "LISTEN_PID": "42"},
    ],
)
def test_sockets_for_somebody_else(environment: dict[str, str]) -> None:
    assert sockets.inherited(environment, 42) == {}
