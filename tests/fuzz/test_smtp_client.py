"""The client machine in each of its states, told anything by a server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.envelope import Envelope, Recipient
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import (
    Account,
    BeginTls,
    ClientConfig,
    Finished,
    Ready,
    TlsUse,
    Unusable,
)
from postroom.proto.smtp.client_parameters import Letter

REPLIES = [
    b"220 hi\r\n", b"250 ok\r\n", b"250-PIPELINING\r\n", b"250-CHUNKING\r\n", b"250 STARTTLS\r\n", b"250-AUTH PLAIN LOGIN\r\n", b"354 go\r\n",
    b"334 \r\n", b"334 VXNlcm5hbWU6\r\n", b"235 in\r\n", b"421 bye\r\n", b"450 later\r\n", b"550 5.1.1 no\r\n", b"503 order\r\n", b"221 bye\r\n",
]  # fmt: skip
SAID = st.lists(st.sampled_from(REPLIES) | st.binary(max_size=12), max_size=40)


@pytest.mark.parametrize("use", TlsUse)
@pytest.mark.parametrize("lmtp", [False, True])
@given(said=SAID)
@settings(max_examples=150, deadline=None)
def test_anything_from_a_server(use: TlsUse, lmtp: bool, said: list[bytes]) -> None:
    machine = SmtpClient(
        ClientConfig(
            "a.test", lambda: 0, lmtp=lmtp, tls=use, account=Account("u", "secret"), plaintext_auth=True
        )
    )
    recipients = [Recipient(Address(name, "l.test")) for name in "uvw"]
    sent, finished, secure = 0, 0, False
    for piece in said:
        machine.receive(piece)
        while (event := machine.next_event()) is not None:
            if isinstance(event, BeginTls):
                machine.tls_started()
                secure = True
            elif isinstance(event, Finished):
                finished += 1
                assert len(event.results) == 3
                assert all(result.reply.text.isprintable() for result in event.results)
            if isinstance(event, Ready) or (isinstance(event, Finished) and event.usable):
                assert secure or use is not TlsUse.REQUIRED
                machine.send(Letter(Envelope(None, recipients), b"x\r\n"))
                sent += 1
        octets = machine.data_to_send()
        assert not octets or octets.endswith(b"\r\n")
    machine.lost("the end")
    while (event := machine.next_event()) is not None:
        finished += isinstance(event, Finished)
        assert isinstance(event, Finished | Unusable)
    assert machine.closing
    assert finished == sent
    assert b"c2VjcmV0" not in b"".join(machine.take_dialogue())
