"""Whatever a proxy or a filter sends: nothing raises but what says so, and the cut makes no difference."""

from __future__ import annotations

import struct

from hypothesis import example, given
from hypothesis import strategies as st

from postroom.message.headers.header import Header
from postroom.proto.milter.changes import BadMilter, HeaderAdded, HeaderChanged
from postroom.proto.milter.client import MilterClient
from postroom.proto.milter.codes import Command
from postroom.proto.milter.editing import changed_body, changed_fields, header_data
from postroom.proto.proxy import SIGNATURE, NoProxyHeader, read_proxy_header
from postroom.proto.smtp.syntax import BadCommand
from postroom.proto.smtp.xclient import ClientFacts, read_facts

LETTERS = b"Oacrtdyspf4himb+2-eql?"
PACKET = st.builds(
    lambda code, data: struct.pack("!I", len(data) + 1) + code + data,
    st.sampled_from([bytes([letter]) for letter in LETTERS]),
    st.one_of(
        st.binary(max_size=40),
        st.lists(st.binary(max_size=8), max_size=3).map(lambda parts: b"\0".join([*parts, b""])),
    ),
)
STREAM = st.one_of(st.binary(max_size=200), st.lists(PACKET, max_size=6).map(b"".join))


def heard(stream: bytes, cut: int) -> list[str]:
    client = MilterClient()
    client.negotiate()
    client.receive(struct.pack("!IcIII", 13, b"O", 6, 0x1FF, 0))
    client.next_event()
    client.say(Command.END)
    for at in range(0, len(stream), cut):
        client.receive(stream[at : at + cut])
    said: list[str] = []
    try:
        while (event := client.next_event()) is not None:
            said.append(repr(event))
    except BadMilter as error:
        said.append(str(error))
    return said


@given(STREAM, st.integers(1, 9))
def test_a_filter(stream: bytes, cut: int) -> None:
    assert heard(stream, cut) == heard(stream, max(1, len(stream)))


FIELD = st.binary(min_size=1, max_size=12)
CHANGE = st.one_of(
    st.builds(HeaderAdded, FIELD, st.binary(max_size=30), st.one_of(st.none(), st.integers(0, 9))),
    st.builds(HeaderChanged, FIELD, st.binary(max_size=30), st.integers(1, 4)),
)


@given(st.binary(max_size=80), st.lists(CHANGE, max_size=4), st.booleans())
@example(b"A: b\r\n\r\n", [HeaderAdded(b"X", b"a\r\n\r\nbody", None)], False)
def test_changed_fields_stay_fields(
    raw: bytes, changes: list[HeaderAdded | HeaderChanged], spaced: bool
) -> None:
    """What a filter adds never ends the header, and never makes two fields of one."""
    fields = [field for field in Header.parse(raw) if field.raw.endswith(b"\r\n")]
    for field in fields:
        assert header_data(field, leading_space=spaced).endswith(b"\0")
    try:
        made = changed_fields(fields, changes, leading_space=spaced)
    except BadMilter:
        return
    parsed = Header.parse(made)
    assert len(parsed) <= len(fields) + len(changes)
    assert parsed.end == len(made)


@given(st.binary(max_size=60))
def test_a_body_has_no_bare_line_ends(piece: bytes) -> None:
    from postroom.proto.milter.changes import BodyReplaced

    body = changed_body([BodyReplaced(piece)])
    assert body is not None
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert b"\r" not in body.replace(b"\r\n", b"")


@given(
    st.one_of(
        st.binary(max_size=150),
        st.binary(max_size=60).map(lambda rest: SIGNATURE + rest),
        st.binary(max_size=60).map(lambda rest: b"PROXY TCP4 " + rest),
    )
)
def test_a_proxy(data: bytes) -> None:
    try:
        header = read_proxy_header(data)
    except NoProxyHeader:
        return
    if header is not None:
        assert 0 < header.size <= len(data)
        assert read_proxy_header(data[: header.size]) == header
        assert all(read_proxy_header(data[:cut]) is None for cut in range(header.size))


@given(st.text(max_size=60))
@example("ADDR=::1%eth0")
@example("ADDR=IPV6:::ffff:1.2.3.4 PORT=65535")
def test_xclient(argument: str) -> None:
    try:
        facts = read_facts(argument)
    except BadCommand:
        return
    assert isinstance(facts, ClientFacts)
    assert "\r" not in repr(facts)
