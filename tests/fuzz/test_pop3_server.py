"""Whatever a client sends, in whatever state: the machine answers each line once, never raises, and removes nothing by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.pop3.authorization import Limits, Pop3Config
from postroom.proto.pop3.commands import COMMANDS
from postroom.proto.pop3.events import ApopLogin, Code, Drain, Login, Retrieve, StartTls, Update
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text

LETTER = b"Subject: x\r\n\r\n.\r\n+OK no\r\n"
STATES = ("authorization", "named", "exchange", "transaction")

words = st.sampled_from(
    [*COMMANDS, b"1", b"2", b"-1", b"1_0", b"0", b"*", b"=", b"PLAIN", b"LOGIN", b"AGJvYgBw", b"de", b"bob"]
)
lines = st.lists(st.one_of(words, st.binary(max_size=8)), max_size=4).map(b" ".join)
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\0\r\n", b""])
streams = st.lists(st.tuples(lines, ends).map(b"".join), max_size=12).map(b"".join)


def machine_in(state: str) -> Pop3Server:
    machine = Pop3Server(
        Pop3Config("hamburger.test", stls=True, plaintext=True, limits=Limits(faults=10_000))
    )
    machine.greet(timestamp="<1.2@hamburger.test>")
    start = {
        "named": b"USER bob\r\n",
        "exchange": b"AUTH PLAIN\r\n",
        "transaction": b"USER bob\r\nPASS p\r\n",
    }
    machine.receive(start.get(state, b""))
    if machine.next_event() is not None:
        machine.logged_in("bob", Snapshot(1, [(7, len(LETTER)), (8, len(LETTER))]))
    machine.data_to_send()
    return machine


def drive(machine: Pop3Server, data: bytes, cut: int) -> tuple[bytes, list[Update]]:
    """Feeds in pieces, and answers everything in the simplest way."""
    said, updates = b"", []
    for start in range(0, len(data), cut):
        machine.receive(data[start : start + cut])
        while (event := machine.next_event()) is not None:
            assert machine.next_event() is None
            if isinstance(event, Login | ApopLogin):
                machine.refuse(Text.TRY_LATER, Code.SYS_TEMP)
            elif isinstance(event, Retrieve):
                machine.message(LETTER)
            elif isinstance(event, StartTls):
                machine.refuse(Text.NO_STLS)
            elif isinstance(event, Drain):
                machine.go_on()
            else:
                updates.append(event)
                machine.updated()
            said += machine.data_to_send()
        said += machine.data_to_send()
    return said, updates


@pytest.mark.parametrize("state", STATES)
@given(data=streams, cut=st.integers(1, 50))
def test_every_stream_is_survived_and_the_cut_does_not_matter(state: str, data: bytes, cut: int) -> None:
    said, updates = drive(machine_in(state), data, cut)
    whole, _ = drive(machine_in(state), data, 1 << 20)
    assert said == whole
    for line in said.split(b"\r\n")[:-1]:
        assert b"\n" not in line
        assert b"\r" not in line
    assert all(update.numbers for update in updates)
    if updates:
        assert state == "transaction"
        assert b"DELE" in data.upper()
        assert b"QUIT" in data.upper()


@pytest.mark.parametrize("state", STATES)
@given(data=st.binary(max_size=400))
def test_random_octets_are_answered_with_errors_only(state: str, data: bytes) -> None:
    machine = machine_in(state)
    said, updates = drive(machine, data + b"\r\n", 64)
    assert updates == []
    assert said.count(b"\r\n") == sum(len(line) < 500 for line in said.split(b"\r\n")[:-1])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("octet", [b"\0", b"A", b"\r", b" ", b"\xff"])
def test_a_line_without_end_is_answered_once_and_not_held(state: str, octet: bytes) -> None:
    machine = machine_in(state)
    said = b""
    for _ in range(200):
        machine.receive(octet * 4096)
        assert machine.next_event() is None
        said += machine.data_to_send()
    assert said.startswith(b"-ERR Line too long")
    assert said.count(b"\r\n") == 1


def test_errors_without_end_are_not_answered_for_ever() -> None:
    machine = Pop3Server(Pop3Config("hamburger.test"))
    machine.greet()
    machine.receive(b"\n" * 1_000_000)
    assert machine.next_event() is None
    assert machine.closing
    assert len(machine.data_to_send()) < 10_000
