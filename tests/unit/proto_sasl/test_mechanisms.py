"""The table of mechanisms."""

import pytest

from postroom.proto.sasl.exchange import Challenge, Credentials
from postroom.proto.sasl.mechanisms import MECHANISMS, Mechanism, usable


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda row: row.name)
def test_each_client_logs_in_at_its_server(mechanism: Mechanism) -> None:
    server, client = mechanism.server(), mechanism.client("alice", "sesame", "")
    answer = server.step(client.step(b"") if mechanism.client_first else None)
    while isinstance(answer, Challenge):
        answer = server.step(client.step(answer.data))
    assert answer == Credentials(mechanism.name, "alice", "sesame")


def test_passwords_as_they_are_need_tls() -> None:
    names = ("PLAIN", "LOGIN", "X-UNKNOWN")
    assert usable(names, secure=True) == ("PLAIN", "LOGIN")
    assert usable(names, secure=False) == ()
    assert usable(names, secure=False, plaintext_allowed=True) == ("PLAIN", "LOGIN")
