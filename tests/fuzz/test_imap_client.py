"""Whatever a server sends, the client ends in an event and never in an exception, and its password goes nowhere without TLS."""

from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.imap import client_commands as say
from postroom.proto.imap.client import IDLE, LOGOUT, ImapClient, Ready, Upgrading
from postroom.proto.imap.client_collector import ClientLimits
from postroom.proto.imap.client_commands import Criteria
from postroom.proto.imap.client_login import ImapAccount

words = st.sampled_from(
    [
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] hi",
        b"* OK [CAPABILITY IMAP4rev1 AUTH=LOGIN LITERAL+ ENABLE IMAP4rev2] hi",
        b"* PREAUTH hi",
        b"* CAPABILITY IMAP4rev1 STARTTLS",
        *(b"A%d OK [CAPABILITY IMAP4rev1 ENABLE IMAP4rev2] x" % n for n in range(1, 9)),
        *(b"A%d NO x" % n for n in range(1, 5)),
        b"+ ",
        b"+ YQ==",
        b"* BYE",
        b"* ENABLED IMAP4rev2",
        b'* 1 FETCH (UID 3 FLAGS (\\Seen) BODY[] "x" ENVELOPE (NIL ((NIL)) BODYSTRUCTURE (((("a" "b"))))))',
        b"* 1 FETCH (BODY[HEADER.FIELDS (X)] {3}",
        b'* LIST (\\Sent) "/" "&AP8-"',
        b'* ESEARCH (TAG "x") UID ALL 1:3',
        b"* SEARCH 1 2",
        b"* STATUS x (UNSEEN 3)",
        b"* VANISHED 1:3",
        b"((((",
        b"{5}",
        b"abc)",
    ]
)
lines = st.one_of(words, words, words, st.binary(max_size=12))
streams = st.lists(
    st.tuples(lines, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""])).map(b"".join), max_size=25
).map(b"".join)


@given(streams, st.integers(1, 60), st.booleans())
def test_every_answer_is_survived(data: bytes, cut: int, plaintext: bool) -> None:
    account = ImapAccount("bob", "hungry", plaintext=plaintext, identity=(("name", "x"),))
    client = ImapClient(account, ClientLimits(line=100, response=200, literals=3))
    clear, secure = b"", False
    for start in range(0, len(data), cut):
        client.receive(data[start : start + cut])
        while (event := client.next_event()) is not None:
            if isinstance(event, Upgrading):
                secure = True
                client.tls_started()
            if isinstance(event, Ready):
                client.send(
                    say.uid_search(Criteria([("BODY", "crêpe")]), client.capabilities, utf8=client.utf8)
                )
                client.send(say.append("x", b"a message", [], utf8=client.utf8))
                client.send(IDLE)
                client.send(LOGOUT)
        client.done()
        out = client.data_to_send()
        if not secure:
            clear += out
    if not plaintext:
        assert b"LOGIN" not in clear
        assert b"AUTHENTICATE" not in clear
        assert b"hungry" not in clear
    client.take_dialogue()
