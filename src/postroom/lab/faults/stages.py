"""Where a fault can enter, and what can be said there: a table of stages, with the terms and the replies of each.

RFC 5321 §4.2, RFC 1939 §3 and RFC 3206 §4, RFC 9051 §7.1, RFC 8620 §3.6.2, RFC 9110 §15, RFC 8446 §6, RFC 1035 §4.1.1 (what a reply looks like). Values and
their errors only; not here: rules that wait for their turn (`lab.faults.rules`), who asks.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.message.errors import EnhancedStatus


class BadFault(ValueError):
    """A fault that cannot be; the text names it and the remedy."""


class Stage(msgspec.Struct, frozen=True):
    """`terms` are what a fault may have here beside `times` and `domain`; `speaks` the protocols whose replies fit; `words` say when it is."""

    words: str
    terms: frozenset[str]
    speaks: tuple[str, ...] = ()


_HAPPENS: Final = frozenset({"reply", "delay", "drip", "drop"})
_ADDRESSED: Final = _HAPPENS | {"sender", "recipient"}
_CALLED: Final = _HAPPENS | {"service", "containing"}
_MAIL: Final = ("smtp", "pop3", "imap")

STAGES: Final[Mapping[str, Stage]] = MappingProxyType(
    {
        "connect": Stage("a connection begins", frozenset({"delay", "drop", "refuse", "service"})),
        "banner": Stage("instead of the greeting, or on its way", _HAPPENS | {"service"}, _MAIL),
        "tls": Stage(
            "a handshake of TLS",
            frozenset({"reply", "delay", "drop", "certificate", "strip", "service"}),
            ("tls",),
        ),
        "auth": Stage("a login by AUTH, PASS, APOP, LOGIN or AUTHENTICATE", _CALLED, _MAIL),
        "mail": Stage("MAIL FROM", _ADDRESSED, ("smtp",)),
        "rcpt": Stage("RCPT TO", _ADDRESSED, ("smtp",)),
        "data": Stage("the end of a message, before it is taken", _ADDRESSED, ("smtp",)),
        "after-data": Stage("the end of a message that was taken", _ADDRESSED, ("smtp",)),
        "smtp": Stage("a command of SMTP: smtp EHLO, smtp 'ST*'", _CALLED, ("smtp",)),
        "pop3": Stage("a command of POP3: pop3 RETR", _CALLED, ("pop3",)),
        "imap": Stage("a command of IMAP, with or without UID: imap FETCH", _CALLED, ("imap",)),
        "jmap": Stage("a method of JMAP: jmap Email/get, jmap '*/set'", _HAPPENS, ("jmap", "http")),
        "http": Stage("a request by its path: http '/jmap/*'", _HAPPENS | {"service"}, ("http",)),
        "dns": Stage(
            "a question to the name server", frozenset({"reply", "delay", "drop", "name", "kind"}), ("dns",)
        ),
    }
)
COMMANDS: Final = frozenset(
    {"smtp", "pop3", "imap", "jmap", "http"}
)  # stages that have a pattern behind them

PROTOCOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "smtp": "smtp",
        "submission": "smtp",
        "submissions": "smtp",
        "lmtp": "smtp",
        "pop3": "pop3",
        "pop3s": "pop3",
        "imap": "imap",
        "imaps": "imap",
        "http": "http",
        "https": "http",
    }
)  # by service

CERTIFICATES: Final = ("expired", "another name")
ALERTS: Final[Mapping[str, int]] = MappingProxyType(
    {"handshake_failure": 40, "protocol_version": 70, "internal_error": 80, "unrecognized_name": 112}
)  # RFC 8446 §6
ANSWERS: Final = ("SERVFAIL", "NXDOMAIN", "REFUSED", "NO-MX", "NULL-MX", "BOGUS", "LAME")

_EXAMPLES: Final = {
    "smtp": "451 4.3.0 Come back later",
    "pop3": "-ERR [SYS/TEMP] Come back later",
    "imap": "NO [UNAVAILABLE] Come back later",
    "jmap": "serverFail",
    "http": "503 Service Unavailable",
    "tls": "handshake_failure",
    "dns": "SERVFAIL",
}
_SHAPES: Final = {
    "smtp": re.compile(r"[45]\d\d(?: [ -~]{0,400})?", re.ASCII),
    "pop3": re.compile(r"-ERR(?: [ -~]{0,400})?", re.ASCII),
    "imap": re.compile(r"(?:NO|BAD|BYE) [ -~]{1,400}", re.ASCII),
    "jmap": re.compile(r"[a-z][A-Za-z]{2,60}(?: [ -~]{0,400})?", re.ASCII),
    "http": re.compile(r"[45]\d\d(?: [ -~]{0,100})?", re.ASCII),
    "tls": re.compile("|".join(ALERTS)),
    "dns": re.compile("|".join(ANSWERS)),
}
_SMTP: Final = re.compile(r"([45])(\d\d)(?: ([45])\.(\d{1,3})\.(\d{1,3}))?(?: (.+))?", re.ASCII)
AS_ASKED: Final = "As asked for by a fault of the lab"


def near(word: str, known: Iterable[str]) -> str:
    """The end of an error's text about a word that there is not."""
    choice = tuple(known)
    found = difflib.get_close_matches(word, choice, n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else f"there are {', '.join(choice)}"


def parsed(at: str) -> tuple[str, str]:
    """`rcpt`, or `imap FETCH`: the stage, and the pattern of what is called, "" where there is none. Raises `BadFault`."""
    stage, _, called = at.strip().partition(" ")
    stage, called = stage.lower(), called.strip()
    if stage not in STAGES:
        raise BadFault(f"there is no step {at!r}; {near(stage, STAGES)}")
    if stage in COMMANDS and not called:
        raise BadFault(f"{stage} needs what is called: {STAGES[stage].words.partition(': ')[2]}")
    if called and stage not in COMMANDS:
        raise BadFault(f"behind {stage} nothing follows: {called!r}")
    return stage, called if stage in ("jmap", "http") else called.upper()


def protocol_of_reply(stage: str, reply: str) -> str:
    """Whose reply it is, "" for none; raises `BadFault` for what nobody says there."""
    if not reply:
        return ""
    speaks = STAGES[stage].speaks
    for protocol in speaks:
        if _SHAPES[protocol].fullmatch(reply):
            if protocol == "smtp":
                refusal(reply)
            return protocol
    examples = " or ".join(_EXAMPLES[protocol] for protocol in speaks)
    if not examples:
        raise BadFault(f"at {stage} nothing is said yet: without a reply, or at banner")
    raise BadFault(f"{reply!r} is no refusal: write it as {examples}")


def refusal(reply: str) -> tuple[int, EnhancedStatus, str]:
    """`451 4.3.0 words`; the enhanced status and the words may be left out."""
    found = _SMTP.fullmatch(reply)
    if found is None or (found[3] and found[3] != found[1]):
        raise BadFault(f"{reply!r} is no refusal: write it as {_EXAMPLES['smtp']}")
    klass = int(found[1])
    status = EnhancedStatus(klass, int(found[4]), int(found[5])) if found[3] else EnhancedStatus(klass, 0, 0)
    return int(found[1] + found[2]), status, found[6] or AS_ASKED


def check_service(pattern: str) -> None:
    """Raises `BadFault` for a service that there is not."""
    if pattern and not any(fnmatch.fnmatchcase(service, pattern) for service in PROTOCOLS):
        raise BadFault(f"there is no service {pattern!r}; {near(pattern, PROTOCOLS)}")
