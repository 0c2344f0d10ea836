"""Policies, records, web servers and certificates of others: whatever they send, nothing raises but the one error that is meant."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from authority import Issued
from postroom.message.headers.tls_required import tls_is_optional
from postroom.net.tls.layer import certificate_facts
from postroom.proto.dns.answer import Tlsa
from postroom.proto.dns.tlsa import NotProven, prove, usable
from postroom.proto.http.client import BadResponse, HttpClient, Request, Response
from postroom.proto.http.mta_sts import BadPolicy, matches, parse_policy, record_id

NOW = 1_800_000_000_000_000
ROOT = Issued(["Root"], ca=True)
CHAIN = Issued(["mail.r.test"], ROOT).chain()

octets = st.one_of(st.binary(max_size=60), st.sampled_from(CHAIN))
numbers = st.integers(0, 255) | st.integers(0, 4)
records = st.builds(
    Tlsa,
    numbers,
    numbers,
    numbers,
    octets | st.binary(min_size=32, max_size=32) | st.sampled_from([ROOT.spki, ROOT.der]),
)


@given(st.lists(records, max_size=8), st.lists(octets, max_size=5), st.lists(st.text(max_size=9), max_size=3))
def test_records_and_chains(some: list[Tlsa], chain: list[bytes], names: list[str]) -> None:
    with suppress(NotProven):
        prove(usable(some), chain, names, NOW)


@given(
    st.binary(max_size=300)
    | st.integers(0, len(CHAIN[0])).map(lambda at: CHAIN[0][:at] + b"\0" + CHAIN[0][at + 1 :])
)
def test_certificates(der: bytes) -> None:
    facts = certificate_facts(der)
    assert bool(facts.until) == bool(facts.key)


lines = st.sampled_from(
    [
        "version: STSv1",
        "mode: enforce",
        "mode:none",
        "max_age: 60",
        "mx: *.r.test",
        "mx: \udcff",
        "mx: xn--",
        ":",
        "",
        "a: b",
    ]
) | st.text(max_size=20)


@given(st.lists(lines, max_size=9).map("\n".join) | st.text(max_size=60))
def test_policies(text: str) -> None:
    with suppress(BadPolicy):
        policy = parse_policy(text.encode("utf-8", "surrogateescape"))
        assert policy.mx or policy.mode == "none"
        assert not any(matches(pattern, "") for pattern in policy.mx)


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([b"v=STSv1; id=1", b"v=STSv1;;=;id", b"v=STSv1 ; id = 2"]),
        max_size=3,
    )
)
def test_texts(texts: list[bytes]) -> None:
    found = record_id(texts)
    assert found is None or found.isalnum()


@given(
    st.binary(max_size=80)
    | st.lists(st.sampled_from([b"TLS-Required:", b"\r\n", b" No", b"no", b"x"])).map(b"".join)
)
def test_headers(header: bytes) -> None:
    tls_is_optional(header)


pieces = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 x\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n",
        b"abc",
        b"\n",
    ]
) | st.binary(max_size=9)


@given(st.lists(pieces, max_size=20), st.integers(1, 50))
def test_web_servers(some: list[bytes], size: int) -> None:
    stream, machine = b"".join(some), HttpClient(Request("h.test", "/", 40))
    event = None
    for at in range(0, len(stream), size):
        machine.receive(stream[at : at + size])
        event = event or machine.next_event()
    event = event or machine.ended()
    assert machine.closing
    whole = HttpClient(Request("h.test", "/", 40))
    whole.receive(stream)
    at_once = whole.next_event() or whole.ended()
    assert event == at_once
    assert isinstance(event, BadResponse) or (isinstance(event, Response) and len(event.body) <= 40)
