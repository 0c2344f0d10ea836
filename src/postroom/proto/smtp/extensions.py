"""The service extensions, each declared once: EHLO's lines, the parameters of MAIL and RCPT, the verbs and HELP derive from this table.

RFC 5321 §2.2, §4.1.1.1. An extension is a row; what a connection is offered depends on the service, on TLS and on AUTH. Not here: what a
parameter means (`parameters`), and what a verb does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from postroom.message.address import parse_domain
from postroom.message.envelope import BodyKind, Envelope
from postroom.proto.sasl.mechanisms import Channel, usable
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.parameters import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    MailParameter,
    RcptOptions,
    RcptParameter,
    Terms,
    split_parameters,
)
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.syntax import bad
from postroom.proto.smtp.xclient import NAMES

MOST_NAMES = 500  # of clients whose greeting's answer is kept


class Standing(msgspec.Struct, frozen=True):
    """How things stand on a connection, as far as an offer depends on it."""

    config: ServerConfig
    tls: bool
    authenticated: bool
    mechanisms: tuple[str, ...]  # those of AUTH that may be used now
    proxied: bool = False  # the client is a proxy that is believed


def _always(_standing: Standing) -> bool:
    return True


def _no_argument(_standing: Standing, _now: int) -> str:
    return ""


class Extension(msgspec.Struct, frozen=True):
    """A row. `argument` gets the unix time in seconds, since FUTURERELEASE announces a date: it is `dated`."""

    keyword: str
    mail: tuple[str, ...] = ()
    rcpt: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    offered: Callable[[Standing], bool] = _always
    argument: Callable[[Standing, int], str] = _no_argument
    dated: bool = False


def _limits(standing: Standing, _now: int) -> str:
    limits = standing.config.limits
    mails = f"MAILMAX={limits.mails} " if limits.mails else ""
    return f"{mails}RCPTMAX={limits.recipients}"


def _release(standing: Standing, now: int) -> str:
    # RFC 4865 §4: the longest interval and the latest date, in UTC. Arithmetic, since no clock or zone is at hand here.
    hold = standing.config.limits.hold
    return f"{hold} {_utc(now + hold)}"


def _utc(seconds: int) -> str:
    """Unix seconds as RFC 3339 §5.6 writes them."""
    days, rest = divmod(seconds, 86_400)
    days += 719_468  # from 0000-03-01, so that leap days come last
    era, day = divmod(days, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    shifted = (5 * day + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    date = f"{year + era * 400 + (month <= 2):04}-{month:02}-{day - (153 * shifted + 2) // 5 + 1:02}"
    return f"{date}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"


def _is_submission(standing: Standing) -> bool:
    return standing.config.service is Service.SUBMISSION


EXTENSIONS: tuple[Extension, ...] = (
    Extension("PIPELINING"),  # RFC 2920
    Extension(
        "SIZE", mail=("SIZE",), argument=lambda standing, _: str(standing.config.limits.message)
    ),  # RFC 1870
    Extension("8BITMIME", mail=("BODY",)),  # RFC 6152
    Extension("BINARYMIME"),  # RFC 3030: a value of BODY, and only with CHUNKING
    Extension("CHUNKING", verbs=("BDAT",)),  # RFC 3030
    Extension("SMTPUTF8", mail=("SMTPUTF8",)),  # RFC 6531
    Extension("DSN", mail=("RET", "ENVID"), rcpt=("NOTIFY", "ORCPT")),  # RFC 3461
    Extension("ENHANCEDSTATUSCODES"),  # RFC 2034
    Extension(
        "DELIVERBY",  # RFC 2852
        mail=("BY",),
        argument=lambda standing, _: str(standing.config.limits.deliver_by or ""),
    ),
    Extension(
        "FUTURERELEASE", mail=("HOLDFOR", "HOLDUNTIL"), offered=_is_submission, argument=_release, dated=True
    ),  # RFC 4865
    Extension("MT-PRIORITY", mail=("MT-PRIORITY",)),  # RFC 6710
    Extension("LIMITS", argument=_limits),  # RFC 9422
    Extension(
        "STARTTLS",
        verbs=("STARTTLS",),
        offered=lambda standing: standing.config.starttls and not standing.tls,
    ),  # RFC 3207
    Extension(
        "AUTH",  # RFC 4954
        mail=("AUTH",),
        verbs=("AUTH",),
        offered=lambda standing: bool(standing.mechanisms),
        argument=lambda standing, _: " ".join(standing.mechanisms),
    ),
    Extension("REQUIRETLS", mail=("REQUIRETLS",), offered=lambda standing: standing.tls),  # RFC 8689 §2
    Extension("ETRN", verbs=("ETRN",), offered=lambda standing: standing.config.etrn),  # RFC 1985
    Extension(
        "ATRN",  # RFC 2645
        verbs=("ATRN", "TURN"),
        offered=lambda standing: (
            standing.config.turn and (standing.authenticated or bool(standing.mechanisms))
        ),
    ),
    Extension(
        "XCLIENT",
        verbs=("XCLIENT",),
        offered=lambda standing: standing.proxied,
        argument=lambda _, __: NAMES,  # of no RFC
    ),
)
SHOWING = ("SEND", "SOML", "SAML")  # RFC 821 §3.4: of no extension, taken after AUTH


class Offer(msgspec.Struct, frozen=True):
    """What one connection is offered now, and how its parameters are read."""

    standing: Standing
    extensions: tuple[Extension, ...]
    mail: Mapping[str, MailParameter]
    rcpt: Mapping[str, RcptParameter]
    verbs: frozenset[str]
    longest_line: int  # octets of a command without its CRLF
    transfer: bool  # whether MAIL, RCPT and DATA are among the verbs
    ehlo: tuple[str, ...] | None  # the lines of EHLO's reply behind the first, unless they depend on the time

    @property
    def limits(self) -> Limits:
        """The service's limits."""
        return self.standing.config.limits

    @property
    def unqualified_ok(self) -> bool:
        """Whether a local name without a domain is an address here."""
        return self.standing.config.unqualified_ok

    def ehlo_lines(self) -> tuple[str, ...]:
        """The lines of the reply to EHLO behind the first (RFC 5321 §4.1.1.1)."""
        if self.ehlo is not None:
            return self.ehlo
        return _ehlo_lines(self.standing, self.extensions, self.standing.config.now() // 1_000_000)

    def read_mail_parameters(self, envelope: Envelope, text: str, verb: str = "MAIL") -> None:
        """Reads MAIL's parameters, or those of a `verb` like it, into `envelope`; raises `BadCommand` (555 for one that is not offered, RFC 5321 §4.1.1.11)."""
        terms = Terms(self.limits, self.standing.config.now() // 1_000_000)
        for keyword, value in split_parameters(text):
            read = self.mail.get(keyword)
            if read is None:
                raise bad(555, "5.5.4", f"{verb} has no parameter {keyword} here")
            read(envelope, value, terms)
        if envelope.body is BodyKind.BINARY and not {"BDAT"} <= self.verbs:
            raise bad(555, "5.5.4", "BODY=BINARYMIME needs CHUNKING")

    def read_rcpt_parameters(self, options: RcptOptions, text: str) -> None:
        """The same for RCPT."""
        for keyword, value in split_parameters(text):
            read = self.rcpt.get(keyword)
            if read is None:
                raise bad(555, "5.5.4", f"RCPT has no parameter {keyword} here")
            read(options, value)


def _ehlo_lines(standing: Standing, rows: tuple[Extension, ...], now: int) -> tuple[str, ...]:
    return (*(f"{row.keyword} {row.argument(standing, now)}".rstrip() for row in rows), "HELP")


_PLAIN_VERBS = frozenset({"MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP"})

_WITHOUT_TLS = frozenset({"NOOP", "HELO", "EHLO", "LHLO", "STARTTLS", "QUIT"})  # RFC 3207 §4


class Offers:
    """All offers of one service, each made when it is first needed; connections of one service share them."""

    __slots__ = ("_hellos", "_made", "config", "goodbye", "greeting")

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        protocol = "LMTP" if config.service is Service.LMTP else "ESMTP"
        self.greeting = Reply(220, None, (f"{config.hostname} {protocol} {config.greeting}",))
        self.goodbye = Reply.of(221, "2.0.0", f"{config.hostname} closing connection")
        self._hellos: dict[tuple[bool, bool, tuple[str, ...], bool, bool, str], Reply] = {}
        self._made: dict[tuple[bool, bool, tuple[str, ...], bool], Offer] = {}

    def at(
        self, *, tls: bool, authenticated: bool, channel: Channel | None = None, proxied: bool = False
    ) -> Offer:
        """The offer for a connection that stands so; there are few that differ."""
        config = self.config
        mechanisms: tuple[str, ...] = ()
        if config.mechanisms:
            mechanisms = usable(
                config.mechanisms,
                secure=tls,
                plaintext_allowed=config.plaintext_auth,
                channel=channel,
                supply=config.sasl,
            )
        key = (tls, authenticated, mechanisms, proxied)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = _offer(Standing(config, *key))
        return made

    def hello(self, offer: Offer, name: str, *, extended: bool) -> Reply:
        """The answer to EHLO and HELO; the same clients come again and again, so it is made once for each name."""
        standing = offer.standing
        key = (
            standing.tls,
            standing.authenticated,
            standing.mechanisms,
            standing.proxied,
            extended,
            name,
        )
        reply = self._hellos.get(key)
        if reply is None:
            shown = name if parse_domain(name) is not None else "there"
            first = f"{self.config.hostname} Hello {shown}, pleased to meet you"
            reply = Reply(250, None, (first, *offer.ehlo_lines()) if extended else (first,))
            if offer.ehlo is not None or not extended:
                if len(self._hellos) >= MOST_NAMES:
                    self._hellos.clear()
                self._hellos[key] = reply
        return reply


def _offer(standing: Standing) -> Offer:
    config = standing.config
    rows = tuple(row for row in EXTENSIONS if row.keyword not in config.withheld and row.offered(standing))
    hello = ("LHLO",) if config.service is Service.LMTP else ("HELO", "EHLO")
    showing = SHOWING if standing.authenticated or standing.mechanisms else ()
    verbs = _PLAIN_VERBS.union(hello, showing, *(row.verbs for row in rows))
    if config.tls_required and not standing.tls:
        verbs &= _WITHOUT_TLS
    return Offer(
        standing=standing,
        extensions=rows,
        mail={name: MAIL_PARAMETERS[name] for row in rows for name in row.mail},
        rcpt={name: RCPT_PARAMETERS[name] for row in rows for name in row.rcpt},
        verbs=verbs,
        longest_line=config.limits.command - 2,
        transfer="MAIL" in verbs,
        ehlo=None if any(row.dated for row in rows) else _ehlo_lines(standing, rows, 0),
    )
