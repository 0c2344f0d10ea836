"""The commands: each a value that parses itself out of its argument.

RFC 5321 §4.1.1, RFC 3030 §2 (BDAT), RFC 2033 §4.1 (LHLO), RFC 3207 §4 (STARTTLS), RFC 4954 §4 (AUTH), RFC 1985 §5 (ETRN), RFC 2645 §5.2.1
(ATRN), RFC 821 §3.4 and §3.8 (SEND, SOML, SAML, TURN), Postfix's XCLIENT. Those that ask for a decision from outside are handed out as events. Not here: when a
command is allowed (`order`), and what offers it (`extensions`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

import msgspec

from postroom.message.address import Address, fold, parse_domain, parse_mailbox
from postroom.message.envelope import BodyKind, Envelope, Recipient
from postroom.proto.smtp.extensions import Offer
from postroom.proto.smtp.parameters import RcptOptions
from postroom.proto.smtp.syntax import BadCommand, bad, shown, split_path, without_route
from postroom.proto.smtp.xclient import ClientFacts, read_facts
from postroom.wire.numbers import decimal

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_USUAL_PATH = rf"<({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)>"
_USUAL_MAIL = re.compile(rf"MAIL FROM:{_USUAL_PATH}(?: SIZE=([0-9]{{1,10}}))?(?: BODY=(8BITMIME|7BIT))?")
_USUAL_RCPT = re.compile(rf"RCPT TO:{_USUAL_PATH}")
_SIZE_AND_BODY = frozenset({"SIZE", "BODY"})
_MAX_USUAL = 63  # octets of a half that the usual form may have, so that no longer limit can be broken
_NAME = re.compile(r"[!-~]{1,255}")
_NODE = re.compile(r"([@#]?)([!-~]{1,255})")


class Command(msgspec.Struct):
    """The base."""

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:
        """The command whose verb stood before `argument`; raises `BadCommand`."""
        raise NotImplementedError


class Bare(Command):
    """A command without an argument (RFC 5321 §4.3.2: 501 when there is one)."""

    verb: ClassVar[str]

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003 - the shape of all commands
        """Nothing may follow the verb."""
        if argument:
            raise bad(501, "5.5.4", f"Syntax: {cls.verb} (nothing may follow it)")
        return cls()


class Hello(Command):
    """HELO, EHLO or LHLO; `extended` for the latter two."""

    verb: ClassVar[str]
    extended: ClassVar[bool] = True
    name: str

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """A host name is wanted; any name without spaces is taken, since many clients do not know theirs (RFC 5321 §4.1.4)."""
        name = argument.strip().partition(" ")[0]
        if not _NAME.fullmatch(name):
            raise bad(501, "", f"Syntax: {cls.verb} your.host.name")
        return cls(name)


class Helo(Hello):
    """RFC 5321 §4.1.1.1."""

    verb = "HELO"
    extended = False


class Ehlo(Hello):
    """RFC 5321 §4.1.1.1."""

    verb = "EHLO"


class Lhlo(Hello):
    """RFC 2033 §4.1."""

    verb = "LHLO"


class Mail(Command):
    """MAIL FROM (RFC 5321 §4.1.1.2); `verb` is MAIL, SEND, SOML or SAML."""

    envelope: Envelope
    verb: ClassVar[str] = "MAIL"

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:
        """A reverse-path and parameters."""
        parts = split_path(argument, "FROM")
        if parts is None:
            raise bad(501, "5.5.4", f"Syntax: {cls.verb} FROM:<address>")
        path, rest = parts
        envelope = Envelope(None)
        if rest:
            offer.read_mail_parameters(envelope, rest, cls.verb)
        if path:
            envelope.sender = _address(path, "5.1.7", unqualified=offer.unqualified_ok)
            if not envelope.smtputf8 and not envelope.sender.is_ascii:
                raise bad(553, "5.6.7", f"{shown(path)} is not ASCII: say SMTPUTF8 behind the address")
        return cls(envelope)


class Send(Mail):
    """SEND FROM: to the terminal (RFC 821 §3.4)."""

    verb = "SEND"


class Soml(Mail):
    """SOML FROM: to the terminal, else to the mailbox (RFC 821 §3.4)."""

    verb = "SOML"


class Saml(Mail):
    """SAML FROM: to the terminal and to the mailbox (RFC 821 §3.4)."""

    verb = "SAML"


class Rcpt(Command):
    """RCPT TO (RFC 5321 §4.1.1.3). The session may put another recipient in its place before it answers."""

    recipient: Recipient

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:
        """A forward-path and parameters."""
        parts = split_path(argument, "TO")
        if parts is None or not parts[0]:
            raise bad(501, "5.5.4", "Syntax: RCPT TO:<address>")
        path, rest = parts
        # RFC 5321 §4.1.1.3: <Postmaster> is taken without a domain, whatever its case
        address = _address(path, "5.1.3", unqualified=offer.unqualified_ok or fold(path) == "postmaster")
        options = RcptOptions()
        if rest:
            offer.read_rcpt_parameters(options, rest)
        return cls(Recipient(address, options.notify, options.orcpt))


def _address(path: str, status: str, *, unqualified: bool) -> Address:
    mailbox = without_route(path)
    address = parse_mailbox(mailbox, unqualified=unqualified) if mailbox is not None else None
    if address is None:
        raise bad(501, status, f"{shown(path)} is not an address: local-part@domain is expected")
    return address


class Data(Bare):
    """DATA (RFC 5321 §4.1.1.4): may the message come? 354 lets it."""

    verb = "DATA"


class Rset(Bare):
    """RFC 5321 §4.1.1.5."""

    verb = "RSET"


class Quit(Bare):
    """RFC 5321 §4.1.1.10."""

    verb = "QUIT"


class StartTls(Bare):
    """RFC 3207 §4: 220 begins the handshake, after which everything that was said before it is forgotten."""

    verb = "STARTTLS"


class Bdat(Command):
    """BDAT (RFC 3030 §2)."""

    size: int
    last: bool

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:
        """`size [LAST]`. What cannot be read ends the connection: nobody knows where the next command begins."""
        words = argument.split()
        size = decimal(words[0].encode(), 19) if words else None
        last = [word.upper() for word in words[1:]]
        if size is None or last not in ([], ["LAST"]):
            raise BadCommand(bad(501, "5.5.4", "Syntax: BDAT octets [LAST]").reply, fatal=True)
        if size > 2 * offer.limits.message:
            raise BadCommand(bad(552, "5.3.4", "The message is too big").reply, fatal=True)
        return cls(size, bool(last))


class Noop(Command):
    """RFC 5321 §4.1.1.9: any argument is ignored."""

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """Always."""
        return cls()


class Help(Command):
    """RFC 5321 §4.1.1.8."""

    topic: str

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """A command's name, or nothing."""
        return cls(argument)


class Lookup(Command):
    """VRFY and EXPN; `utf8` says that the reply may hold UTF-8 (RFC 6531 §3.7.4.2)."""

    verb: ClassVar[str]
    text: str
    utf8: bool = False

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:
        """A name or an address, as its user writes it."""
        argument = argument.strip()
        text, _, last = argument.rpartition(" ")
        utf8 = last.upper() == "SMTPUTF8" and "SMTPUTF8" in offer.mail
        text = text.strip() if utf8 else argument
        if not text:
            raise bad(501, "5.5.4", f"Syntax: {cls.verb} name")
        if not text.isascii() and not utf8:
            raise bad(553, "5.6.7", f"The name is not ASCII: say {cls.verb} name SMTPUTF8")
        return cls(text, utf8)


class Vrfy(Lookup):
    """RFC 5321 §4.1.1.6 and §3.5: whose is this name? 250, 251, 252, 550, 553."""

    verb = "VRFY"


class Expn(Lookup):
    """RFC 5321 §4.1.1.7 and §3.5: who is on this list? One line of the reply for each member, or 252, 550."""

    verb = "EXPN"


class Etrn(Command):
    """ETRN (RFC 1985 §5): start the queue for `node`; `option` "@" for its subdomains too, "#" for a queue's name."""

    node: str
    option: str = ""

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """RFC 1985 §7: 500 without an argument, 501 for a name without a dot."""
        if not argument:
            raise bad(500, "5.5.4", "Syntax: ETRN domain")
        matched = _NODE.fullmatch(argument)
        option, node = matched.groups() if matched else ("", "")
        if option != "#":
            domain = parse_domain(node)
            if domain is None or "." not in domain:
                raise bad(501, "5.5.4", "Syntax: ETRN domain or ETRN @domain, the whole name with its dots")
            node = domain
        return cls(node, option)


class Turn(Command):
    """ATRN (RFC 2645 §5.2.1) and TURN (RFC 821 §3.8): 250 turns the connection round. No `domains`: all that are the client's."""

    domains: tuple[str, ...] = ()

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """A list of domains with commas."""
        domains = (
            tuple(parse_domain(name.strip(" ")) or "" for name in argument.split(",")) if argument else ()
        )
        if not all(domains):
            raise bad(501, "5.5.4", "Syntax: ATRN domain,domain")
        return cls(domains)


class Auth(Command):
    """AUTH (RFC 4954 §4): the mechanism's name and the initial response, still in base64."""

    mechanism: str
    initial: str | None

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """`mechanism [initial-response]`."""
        words = argument.split()
        if not words or len(words) > 2:
            raise bad(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]")
        return cls(words[0].upper(), words[1] if len(words) == 2 else None)


class Xclient(Command):
    """XCLIENT of a proxy that is believed: who the client really is."""

    facts: ClientFacts

    @classmethod
    def parse(cls, argument: str, offer: Offer) -> Self:  # noqa: ARG003
        """Attributes."""
        return cls(read_facts(argument))


class Verb(msgspec.Struct, frozen=True):
    """A row of the table: what to parse, and what HELP says."""

    command: type[Command]
    syntax: str
    purpose: str


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "HELO": Verb(Helo, "HELO your.host.name", "Begins a session without extensions"),
        "EHLO": Verb(Ehlo, "EHLO your.host.name", "Begins a session and lists the extensions"),
        "LHLO": Verb(Lhlo, "LHLO your.host.name", "Begins a session of local delivery"),
        "MAIL": Verb(Mail, "MAIL FROM:<sender@domain> [parameters]", "Begins a message"),
        "RCPT": Verb(
            Rcpt, "RCPT TO:<recipient@domain> [parameters]", "Names one recipient; say it once for each"
        ),
        "DATA": Verb(Data, "DATA", 'The message follows, ended by a line with only "."'),
        "BDAT": Verb(Bdat, "BDAT octets [LAST]", "A chunk of the message follows"),
        "RSET": Verb(Rset, "RSET", "Forgets the message that was begun"),
        "NOOP": Verb(Noop, "NOOP", "Does nothing"),
        "QUIT": Verb(Quit, "QUIT", "Ends the session"),
        "VRFY": Verb(Vrfy, "VRFY name", "Asks whether there is such a mailbox"),
        "EXPN": Verb(Expn, "EXPN list", "Asks for the members of a list"),
        "HELP": Verb(Help, "HELP [command]", "Explains the commands"),
        "STARTTLS": Verb(StartTls, "STARTTLS", "Goes on encrypted"),
        "AUTH": Verb(Auth, "AUTH mechanism [initial-response]", "Logs in"),
        "ETRN": Verb(
            Etrn,
            "ETRN domain, ETRN @domain or ETRN #queue",
            "Starts the queue for a domain, for all at and below it (@), or one by its name (#)",
        ),
        "ATRN": Verb(Turn, "ATRN [domain,domain]", "Turns the connection round to fetch waiting mail"),
        "TURN": Verb(Turn, "TURN", "The same, as in 1982"),
        "XCLIENT": Verb(Xclient, "XCLIENT attribute=value ...", "Says for which client a proxy speaks"),
        "SEND": Verb(Send, "SEND FROM:<sender@domain>", "Begins a message for the recipient's terminal"),
        "SOML": Verb(Soml, "SOML FROM:<sender@domain>", "Terminal or mailbox"),
        "SAML": Verb(Saml, "SAML FROM:<sender@domain>", "Terminal and mailbox"),
    }
)


def parse_usual(line: bytes, offer: Offer) -> Mail | Rcpt | Data | Bdat | Quit | None:
    """What programs say, as they say it nearly always, to send a message; None for everything else, which takes the long way.

    It makes no difference but speed.
    """
    verb = line[:4]
    if verb == b"RCPT":
        matched = _USUAL_RCPT.fullmatch(str(line, "latin-1"))
        if matched is not None:
            local, domain = matched.groups()
            if len(local) <= _MAX_USUAL and len(domain) <= _MAX_USUAL:
                return Rcpt(Recipient(Address(local, domain.lower())))
    elif verb == b"MAIL":
        matched = _USUAL_MAIL.fullmatch(str(line, "latin-1"))
        if matched is not None:
            local, domain, size, body = matched.groups()
            if len(local) > _MAX_USUAL or len(domain) > _MAX_USUAL:
                return None
            if size is None and body is None:
                return Mail(Envelope(Address(local, domain.lower())))
            octets = int(size or "0")
            if octets <= offer.limits.message and not _SIZE_AND_BODY.difference(offer.mail):
                kind = BodyKind.EIGHT_BIT if body == "8BITMIME" else BodyKind.SEVEN_BIT
                return Mail(Envelope(Address(local, domain.lower()), [], kind, smtputf8=False, size=octets))
    elif line == b"DATA":
        return Data()
    elif line == b"QUIT":
        return Quit()
    elif verb == b"BDAT" and "BDAT" in offer.verbs:
        digits = line[5:-5]
        if line[-5:] == b" LAST" and digits.isdigit() and len(digits) <= 9 and line[4] == 32:
            size = int(digits)
            return Bdat(size, last=True) if size <= offer.limits.message else None
    return None
