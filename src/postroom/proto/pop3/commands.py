"""The commands and capabilities of POP3, each declared once: CAPA's answer, the checks and the documentation derive from these tables.

RFC 1939 §9 (commands), RFC 2449 §6 (capabilities), RFC 2595 §4 (STLS), RFC 5034 §3 (SASL), RFC 3206 §6 (AUTH-RESP-CODE), RFC 6856 §2
and §3 (UTF8, LANG). Not here: what a command does (`proto.pop3.server`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec


class State(enum.StrEnum):
    """The states of RFC 1939 §3."""

    AUTHORIZATION = "AUTHORIZATION"
    TRANSACTION = "TRANSACTION"
    UPDATE = "UPDATE"


class Command(msgspec.Struct, frozen=True):
    """One command: where it is allowed, how it is written, and how many arguments it takes (`most` None: the rest of the line is one)."""

    verb: str
    syntax: str
    states: frozenset[State]
    least: int
    most: int | None
    section: str
    clear: int = 0  # words of the line, the verb included, that are no secret; 0: all of them

    def arguments(self, rest: bytes) -> list[bytes] | None:
        """The arguments in what follows the verb and a space; None when there are too few or too many."""
        if self.most is None:
            return [rest] if rest else None
        arguments = rest.split()
        return arguments if self.least <= len(arguments) <= self.most else None


_FIRST = frozenset({State.AUTHORIZATION})
_THEN = frozenset({State.TRANSACTION})
_BOTH = _FIRST | _THEN

COMMANDS = {
    command.verb.encode(): command
    for command in (
        Command("USER", "USER name", _FIRST, 1, None, "RFC 1939 §7"),
        Command("PASS", "PASS password", _FIRST, 1, None, "RFC 1939 §7", clear=1),
        Command("APOP", "APOP name digest", _FIRST, 2, 2, "RFC 1939 §7", clear=2),
        Command("AUTH", "AUTH mechanism [initial-response]", _FIRST, 0, 2, "RFC 5034 §4", clear=2),
        Command("STLS", "STLS", _FIRST, 0, 0, "RFC 2595 §4"),
        Command("UTF8", "UTF8", _FIRST, 0, 0, "RFC 6856 §2.1"),
        Command("CAPA", "CAPA", _BOTH, 0, 0, "RFC 2449 §5"),
        Command("LANG", "LANG [language-range]", _BOTH, 0, 1, "RFC 6856 §3"),
        Command("QUIT", "QUIT", _BOTH, 0, 0, "RFC 1939 §6"),
        Command("STAT", "STAT", _THEN, 0, 0, "RFC 1939 §5"),
        Command("LIST", "LIST [message]", _THEN, 0, 1, "RFC 1939 §5"),
        Command("RETR", "RETR message", _THEN, 1, 1, "RFC 1939 §5"),
        Command("DELE", "DELE message", _THEN, 1, 1, "RFC 1939 §5"),
        Command("NOOP", "NOOP", _THEN, 0, 0, "RFC 1939 §5"),
        Command("RSET", "RSET", _THEN, 0, 0, "RFC 1939 §5"),
        Command("TOP", "TOP message lines", _THEN, 2, 2, "RFC 1939 §7"),
        Command("UIDL", "UIDL [message]", _THEN, 0, 1, "RFC 1939 §7"),
    )
}


class Offer(msgspec.Struct, frozen=True):
    """What is offered at one moment of a session. `login_delay` in seconds, 0 for none; `expire` in days, None for never."""

    passwords: bool
    mechanisms: tuple[str, ...]
    stls: bool
    login_delay: int
    expire: int | None
    implementation: str


Argument = Callable[[Offer], str | None]


def _always(_: Offer) -> str | None:
    return ""


class Capability(msgspec.Struct, frozen=True):
    """One line of CAPA: its tag, the commands it adds, and its argument at the moment ("" for none; None: not announced now)."""

    tag: str
    section: str
    verbs: tuple[str, ...] = ()
    argument: Argument = _always


CAPABILITIES = (
    Capability("TOP", "RFC 2449 §6.1", ("TOP",)),
    Capability("USER", "RFC 2449 §6.2", ("USER", "PASS"), lambda offer: "" if offer.passwords else None),
    Capability("SASL", "RFC 5034 §3", ("AUTH",), lambda offer: " ".join(offer.mechanisms) or None),
    Capability("RESP-CODES", "RFC 2449 §6.4"),
    Capability("AUTH-RESP-CODE", "RFC 3206 §6"),
    Capability(
        "LOGIN-DELAY",
        "RFC 2449 §6.5",
        (),
        lambda offer: str(offer.login_delay) if offer.login_delay else None,
    ),
    Capability("PIPELINING", "RFC 2449 §6.6"),
    Capability(
        "EXPIRE", "RFC 2449 §6.7", (), lambda offer: "NEVER" if offer.expire is None else str(offer.expire)
    ),
    Capability("UIDL", "RFC 2449 §6.8", ("UIDL",)),
    Capability("STLS", "RFC 2595 §4", ("STLS",), lambda offer: "" if offer.stls else None),
    Capability("UTF8", "RFC 6856 §2", ("UTF8",), lambda _: "USER"),
    Capability("LANG", "RFC 6856 §3", ("LANG",)),
    Capability("IMPLEMENTATION", "RFC 2449 §6.9", (), lambda offer: offer.implementation or None),
)


def capability_lines(offer: Offer) -> list[str]:
    """What CAPA lists, in the order of the table."""
    arguments = ((capability.tag, capability.argument(offer)) for capability in CAPABILITIES)
    return [f"{tag} {argument}".rstrip() for tag, argument in arguments if argument is not None]


def verbs_in(state: State) -> str:
    """The commands that work in a state, as the answer to an unknown one names them."""
    return " ".join(command.verb for command in COMMANDS.values() if state in command.states)
