"""The SPF record: which of a domain's texts it is, and its terms as values.

RFC 7208 §4.5 (selection), §4.6.1 (terms), §5 (mechanisms), §6 (modifiers), §12 (the grammar in one place). A record is parsed whole before any
of it is looked at, since a syntax error anywhere in it is an error of all of it (§4.6). Not here: what a term means for a client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from postroom.mailauth.spf.macros import MacroString, domain_spec, macro_string
from postroom.mailauth.spf.verdict import Ip, Result
from postroom.message.printable import printable
from postroom.wire.cursor import GrammarError
from postroom.wire.numbers import decimal

MAX_RECORD = 8192  # octets; RFC 7208 §3.4 asks for records that fit into 512
SHOWN_TERM = 60  # characters of a term in an error

VERSION = b"v=spf1"
_QUALIFIERS = MappingProxyType(
    {b"+": Result.PASS, b"-": Result.FAIL, b"~": Result.SOFTFAIL, b"?": Result.NEUTRAL}
)
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NAME = _LETTERS | frozenset(b"0123456789-_.")


class RecordError(ValueError):
    """A record is wrong: the text says which term and why."""


class Network(msgspec.Struct, frozen=True):
    """The addresses of one IP version whose numbers without the last `shift` bits are `start`."""

    version: int
    start: int
    shift: int

    def __contains__(self, ip: Ip) -> bool:
        return ip.version == self.version and int(ip) >> self.shift == self.start


class Mechanism(msgspec.Struct, frozen=True):
    """A directive: `kind` is the mechanism's name in lower case, `result` what its qualifier says, `text` the directive as written.

    `target` is None where no domain is given. `four` and `six` are prefix lengths of `a` and `mx`, `network` what ip4 and ip6 name.
    """

    kind: str
    result: Result
    text: str
    target: MacroString | None = None
    network: Network | None = None
    four: int = 32
    six: int = 128


class Record(msgspec.Struct, frozen=True):
    """A parsed record; `text` as published."""

    text: str
    mechanisms: tuple[Mechanism, ...] = ()
    redirect: MacroString | None = None
    exp: MacroString | None = None


def select(texts: Iterable[bytes]) -> list[bytes]:
    """Those of a domain's texts that are SPF records (RFC 7208 §4.5): the version alone, or followed by a space."""
    return [text for text in texts if text[:6].lower() == VERSION and text[6:7] in {b"", b" "}]


def parse(text: bytes) -> Record:
    """A selected record; raises RecordError."""
    if len(text) > MAX_RECORD:
        raise RecordError(f"the record has {len(text)} octets, at most {MAX_RECORD} are read")
    mechanisms: list[Mechanism] = []
    known: dict[bytes, MacroString] = {}
    for term in text[len(VERSION) :].split(b" "):
        if term:
            mechanism = _term(term, known)
            if mechanism is not None:
                mechanisms.append(mechanism)
    return Record(text.decode("ascii"), tuple(mechanisms), known.get(b"redirect"), known.get(b"exp"))


def _term(term: bytes, modifiers: dict[bytes, MacroString]) -> Mechanism | None:
    """directive / modifier. A known modifier is put into `modifiers`; RFC 7208 §6: it must not be there twice."""
    try:
        result = _QUALIFIERS.get(term[:1])
        name, sign, argument = _split(term if result is None else term[1:])
        if sign == b"=" and result is None:
            _modifier(name, argument, modifiers)
            return None
        rule = _RULES.get(name)
        if rule is None or sign == b"=":
            raise RecordError(f"{_shown(term)}: there is no such mechanism")
        mechanism = Mechanism(name.decode(), result or Result.PASS, term.decode("ascii", "replace"))
        return rule(mechanism, sign, argument)
    except GrammarError as error:
        raise RecordError(f"{_shown(term)}: expected {error.expected}") from error


def _split(term: bytes) -> tuple[bytes, bytes, bytes]:
    """The name in lower case, the sign after it (`:`, `=`, `/`, or nothing), and what follows; of `/` it is a part."""
    end = 0
    while end < len(term) and term[end] in _NAME:
        end += 1
    name, sign = term[:end].lower(), term[end : end + 1]
    if not name or name[0] not in _LETTERS or sign not in {b":", b"=", b"/", b""}:
        raise GrammarError(end, 'a name, then ":", "/", "=" or nothing')
    return name, sign, term[end:] if sign == b"/" else term[end + 1 :]


def _modifier(name: bytes, argument: bytes, modifiers: dict[bytes, MacroString]) -> None:
    if name not in {b"redirect", b"exp"}:
        macro_string(argument)  # RFC 7208 §6: ignored, but for its syntax
        return
    if name in modifiers:
        raise GrammarError(0, f"{name.decode()}= once in a record")
    modifiers[name] = domain_spec(argument)


def _all(mechanism: Mechanism, sign: bytes, _: bytes) -> Mechanism:
    _demand(not sign, "nothing after it")
    return mechanism


def _with_domain(mechanism: Mechanism, sign: bytes, argument: bytes) -> Mechanism:
    """include and exists: a domain-spec must be there."""
    _demand(sign == b":", '":" and a domain')
    return msgspec.structs.replace(mechanism, target=domain_spec(argument))


def _ptr(mechanism: Mechanism, sign: bytes, argument: bytes) -> Mechanism:
    return _with_domain(mechanism, sign, argument) if sign else mechanism


def _hosts(mechanism: Mechanism, sign: bytes, argument: bytes) -> Mechanism:
    """a and mx: [ ":" domain-spec ] [ dual-cidr-length ]."""
    rest, four, six = _dual_cidr(argument)
    _demand(sign == b":" or not rest, "a prefix length such as /24, //64 or /24//64")
    return msgspec.structs.replace(
        mechanism, target=domain_spec(rest) if sign == b":" else None, four=four, six=six
    )


def _dual_cidr(text: bytes) -> tuple[bytes, int, int]:
    """What stands before the prefix lengths, and both of them: [ "/" ip4 ] [ "//" ip6 ]."""
    four, six = 32, 128
    head, slash, digits = text.rpartition(b"/")
    if slash and head.endswith(b"/") and digits.isdigit():
        six = _prefix(digits, 128)
        text = head[:-1]
        head, slash, digits = text.rpartition(b"/")
    if slash and digits.isdigit():
        four = _prefix(digits, 32)
        text = head
    return text, four, six


def _prefix(digits: bytes, most: int) -> int:
    number = decimal(digits, 3)
    if number is None or number > most or (len(digits) > 1 and digits[:1] == b"0"):
        raise GrammarError(0, f"a prefix length from 0 to {most}")
    return number


def _ip4(mechanism: Mechanism, sign: bytes, argument: bytes) -> Mechanism:
    return _network(mechanism, sign, argument, ipaddress.IPv4Address)


def _ip6(mechanism: Mechanism, sign: bytes, argument: bytes) -> Mechanism:
    return _network(mechanism, sign, argument, ipaddress.IPv6Address)


def _network(
    mechanism: Mechanism,
    sign: bytes,
    argument: bytes,
    family: type[ipaddress.IPv4Address | ipaddress.IPv6Address],
) -> Mechanism:
    """ip4-network [ "/" length ] and ip6-network likewise (RFC 7208 §5.6); bits beyond the prefix do not matter."""
    _demand(sign == b":", '":" and an address')
    text, slash, length = argument.partition(b"/")
    try:
        address = family(text.decode("ascii"))
    except ValueError as error:  # UnicodeDecodeError is one
        raise GrammarError(0, f"an {mechanism.kind} address") from error
    _demand(b"%" not in text, "an address without a zone")  # Python takes one; RFC 7208 §5.6 does not
    prefix = _prefix(length, address.max_prefixlen) if slash else address.max_prefixlen
    shift = address.max_prefixlen - prefix
    network = Network(address.version, int(address) >> shift, shift)
    return msgspec.structs.replace(mechanism, network=network)


def _demand(fulfilled: bool, expected: str) -> None:  # noqa: FBT001 -- the condition is the point
    if not fulfilled:
        raise GrammarError(0, expected)


def _shown(term: bytes) -> str:
    return printable(term[: SHOWN_TERM + 1].decode("ascii", "backslashreplace"), SHOWN_TERM)


_RULES: Mapping[bytes, Callable[[Mechanism, bytes, bytes], Mechanism]] = MappingProxyType(
    {
        b"all": _all,
        b"include": _with_domain,
        b"a": _hosts,
        b"mx": _hosts,
        b"ptr": _ptr,
        b"ip4": _ip4,
        b"ip6": _ip6,
        b"exists": _with_domain,
    }
)
