"""Whatever a server sends, the client ends in an event and never in an exception, and its password goes nowhere without TLS."""

from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.pop3.client import ClientLimits, Pop3Client, Ready, Upgrading
from postroom.proto.pop3.client_login import Pop3Account

words = st.sampled_from(
    [
        b"+OK",
        b"-ERR",
        b"+ ",
        b"+OK <1@x>",
        b"STLS",
        b"SASL PLAIN LOGIN",
        b"UTF8",
        b"PIPELINING",
        b".",
        b"..",
        b"[AUTH]",
        b"2 320",
        b"YQ==",
    ]
)
lines = st.one_of(words, words, st.binary(max_size=12))
streams = st.lists(
    st.tuples(lines, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""])).map(b"".join), max_size=25
).map(b"".join)


@given(streams, st.integers(1, 60), st.booleans(), st.booleans())
def test_every_answer_is_survived(data: bytes, cut: int, plaintext: bool, apop: bool) -> None:
    client = Pop3Client(
        Pop3Account("bob", "hungry", plaintext=plaintext, apop=apop),
        ClientLimits(line=100, lines=5, message=50),
    )
    clear, secure = b"", False
    for start in range(0, len(data), cut):
        client.receive(data[start : start + cut])
        while (event := client.next_event()) is not None:
            if isinstance(event, Upgrading):
                secure = True
                client.tls_started()
            if isinstance(event, Ready):
                for command in ("STAT", "LIST", "RETR 1", "QUIT"):
                    client.send(command)
        out = client.data_to_send()
        if not secure:
            clear += out
    if not plaintext:
        assert not {line[:4] for line in clear.split(b"\r\n")} & {b"PASS", b"AUTH", b"USER", b"APOP"}
    client.take_dialogue()
