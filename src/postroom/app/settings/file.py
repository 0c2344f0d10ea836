"""The one configuration file: TOML in, frozen values out.

Every key is documented where it is declared; `describe` prints them all, and `load` refuses an unknown key naming the nearest one.
Not here: what the values do.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args, get_type_hints

import msgspec
from msgspec import Meta

from postroom.app.settings.guard import MOST_DAYS, MOST_SECONDS, GuardSettings, ListSettings, MilterSettings
from postroom.app.settings.queue import QueueSettings, RouteSettings
from postroom.app.settings.tls import AcmeSettings, MtaStsSettings, TlsSettings, WebSettings
from postroom.message.address import fold
from postroom.proto.sasl.mechanisms import USUAL

Listen = Annotated[int, Meta(ge=-1, le=65535)]
MOST_OCTETS: Final = 1 << 62  # of a quota: what the store can count, with room for a sum


class SettingsError(Exception):
    """The configuration cannot be used; the text names the key and the remedy."""


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[server]: who this system is and where it keeps things."""

    hostname: Annotated[str, Meta(description="the name in greetings, Received fields and certificates")] = (
        "localhost"
    )
    domain: Annotated[str, Meta(description="the domain of unqualified names; '' is the hostname")] = ""
    data: Annotated[str, Meta(description="the directory for the database, large messages and keys")] = "data"
    database: Annotated[
        str, Meta(description="'' for the embedded database in the data directory, or postgresql://...")
    ] = ""
    administrator: Annotated[
        str,
        Meta(
            description="the address that gets postmaster's and abuse's mail where they do not exist; who has it as an account may set quotas by IMAP"
        ),
    ] = ""
    aliases: Annotated[str, Meta(description="the alias file that newaliases and sendmail -bi import")] = (
        "/etc/aliases"
    )


class ListenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[listen]: addresses and ports; a port of -1 is not served, 0 means any free one."""

    addresses: Annotated[
        tuple[str, ...], Meta(min_length=1, description="IPv4 and IPv6 addresses to listen on")
    ] = (
        "0.0.0.0",  # noqa: S104 - a mail server is there for everybody
        "::",
    )
    smtp: Annotated[Listen, Meta(description="mail from other servers (RFC 5321)")] = 25
    submission: Annotated[Listen, Meta(description="mail from clients, STARTTLS (RFC 6409)")] = 587
    submissions: Annotated[
        Listen, Meta(description="mail from clients, TLS from the first byte (RFC 8314)")
    ] = 465
    lmtp: Annotated[
        Listen, Meta(description="local delivery from another MTA (RFC 2033); loopback only")
    ] = -1
    pop3: Annotated[Listen, Meta(description="POP3, STLS")] = 110
    pop3s: Annotated[Listen, Meta(description="POP3, TLS from the first byte")] = 995
    imap: Annotated[Listen, Meta(description="IMAP, STARTTLS")] = 143
    imaps: Annotated[Listen, Meta(description="IMAP, TLS from the first byte")] = 993
    http: Annotated[
        Listen,
        Meta(
            description="HTTP, for certificate authorities and to lead to HTTPS; all of it without https, but logins on this machine alone"
        ),
    ] = 80
    https: Annotated[
        Listen, Meta(description="HTTP over TLS: MTA-STS, the setting up of user agents, web applications")
    ] = 443
    control: Annotated[
        str, Meta(description="the control socket's path; '' is control in the data directory")
    ] = ""


class DnsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[dns]: whom to ask, and whether to believe what he says of DNSSEC."""

    servers: Annotated[
        tuple[str, ...],
        Meta(
            description="addresses of name servers, with a port as in 127.0.0.1:5353; () is /etc/resolv.conf"
        ),
    ] = ()
    validating: Annotated[
        str,
        Meta(
            description="yes: they validate, and their AD bit is believed; no; auto: those on this machine, or with `options trust-ad`"
        ),
    ] = "auto"


class AuthenticationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[authentication]: is mail of other servers from whom it says? Measures are note (in header and journey), junk and refuse."""

    check: Annotated[bool, Meta(description="check mail that other servers bring: SPF, DKIM, ARC, DMARC")] = (
        True
    )
    identity: Annotated[
        str, Meta(description="our name in Authentication-Results (RFC 8601); '' is the hostname")
    ] = ""
    exempt: Annotated[
        tuple[str, ...],
        Meta(
            description="addresses and networks of one's own programs and relays: their mail is not checked"
        ),
    ] = ("127.0.0.0/8", "::1")
    most: Annotated[
        str, Meta(description="the strictest measure, whatever the author's domain asks for by DMARC")
    ] = "refuse"
    spf_fail: Annotated[
        str,
        Meta(
            description="measure when SPF disowns the client, DMARC asks for nothing and no DKIM signature passes"
        ),
    ] = "junk"
    unclear_author: Annotated[
        str, Meta(description="strictest measure when From does not name exactly one author")
    ] = "refuse"
    undecided: Annotated[
        str,
        Meta(
            description="accept (into Junk if DMARC asks for anything) or defer (451) what cannot be decided while the DNS is in trouble"
        ),
    ] = "accept"
    trusted_sealers: Annotated[
        tuple[str, ...],
        Meta(description="domains of forwarders and lists whose ARC seal is believed when DMARC fails"),
    ] = ()
    suffix_list: Annotated[
        str,
        Meta(
            description="a file with a Public Suffix List: DMARC policies are found by RFC 7489 instead of RFC 9989"
        ),
    ] = ""


class LoginSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[login]: how users prove who they are."""

    mechanisms: Annotated[
        tuple[str, ...],
        Meta(
            description="SASL mechanisms; each is offered where it is safe and some account can use it; CRAM-MD5 and DIGEST-MD5, if named, while some account has a shared secret"
        ),
    ] = USUAL
    anonymous: Annotated[
        str,
        Meta(
            description="the address of an account whose mailboxes strangers may read without a name (SASL ANONYMOUS, IMAP and POP3 alone), as far as they are shared with `anyone`; '' for none"
        ),
    ] = ""
    without_tls: Annotated[
        bool,
        Meta(
            description="offer mechanisms that do not show the password without TLS too; who listens can guess then"
        ),
    ] = False


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[limits]: what one message, one client and the queue may take."""

    message_bytes: Annotated[int, Meta(ge=65_536, description="the largest message")] = 50 * 1024 * 1024
    recipients: Annotated[int, Meta(ge=100, description="recipients of one transaction from a server")] = 1000
    submission_recipients: Annotated[
        int, Meta(ge=100, description="recipients of one transaction from a user")
    ] = 500
    connections_per_client: Annotated[
        int, Meta(ge=0, description="at once from one IPv4 /32 or IPv6 /64, for each worker; 0: no limit")
    ] = 30
    connections_per_minute: Annotated[
        int, Meta(ge=0, description="new ones from one client, for each worker; 0: no limit")
    ] = 300
    connections_per_network: Annotated[
        int, Meta(ge=0, description="at once from one IPv4 /24 or IPv6 /48, for each worker; 0: no limit")
    ] = 300
    connections_per_network_minute: Annotated[
        int, Meta(ge=0, description="new ones from one such network, for each worker; 0: no limit")
    ] = 3000
    imap_messages: Annotated[
        int,
        Meta(
            ge=0,
            description="that one IMAP command touches (MESSAGELIMIT, RFC 9738), at least 1000; 0: all, and one COPY a million",
        ),
    ] = 0
    bodies_in_flight: Annotated[
        int, Meta(ge=1, description="bytes of messages being received at the same time")
    ] = 256 << 20
    free_bytes: Annotated[
        int, Meta(ge=0, description="free disk space below which no mail is taken, nor put into mailboxes")
    ] = 1 << 30
    queue_messages: Annotated[
        int, Meta(ge=1, description="messages in the queue above which no mail is taken")
    ] = 100_000


class MailboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[mailboxes]: what readers get."""

    quota_bytes: Annotated[
        int, Meta(ge=0, le=MOST_OCTETS, description="storage of a new account; 0: no limit")
    ] = 0
    pop3_expire_days: Annotated[
        int, Meta(ge=-1, le=MOST_DAYS, description="EXPIRE of RFC 2449 §6.7; -1: NEVER")
    ] = -1
    pop3_login_delay: Annotated[
        int, Meta(ge=0, le=MOST_SECONDS, description="seconds between two POP3 logins of one account")
    ] = 0
    imap_sessions: Annotated[
        int, Meta(ge=0, description="IMAP sessions of one account at a time; 0: no limit")
    ] = 16
    imap_literal_minus: Annotated[
        bool,
        Meta(description="LITERAL- of RFC 7888 instead of LITERAL+: longer literals wait to be asked for"),
    ] = False
    list_domain: Annotated[
        bool, Meta(description="users see names and addresses of all accounts of their domain, to share with")
    ] = True
    recipient_delimiter: Annotated[
        str, Meta(pattern=r"^[^@. ]?\Z", description="separates the detail of a sub-address")
    ] = "+"


class JourneySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[journey]: how long the record of a message's way is kept."""

    days: Annotated[
        int, Meta(ge=0, le=MOST_DAYS, description="days to keep journeys; 0: until the message is deleted")
    ] = 90


class ReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[reports]: what other domains are told about their mail (DMARC) and about TLS towards them, and what they tell us."""

    send: Annotated[bool, Meta(description="send reports to domains that ask for them (rua= in the DNS)")] = (
        True
    )
    sender: Annotated[
        str, Meta(description="the address our reports come from; '' is postmaster of the domain")
    ] = ""
    organization: Annotated[
        str, Meta(description="the domain in whose name we report; '' is the domain of unqualified names")
    ] = ""
    account: Annotated[
        str, Meta(description="the account whose INBOX gets reports about our domains; '' reads none")
    ] = ""
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS, description="days to keep reports, received and sent")] = (
        180
    )


class SigningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[signing]: signatures on mail of our domains, and the life of their keys. A new domain has some; more: postroom dkim create."""

    dkim: Annotated[bool, Meta(description="sign what leaves from a domain that has keys (RFC 6376)")] = True
    life_days: Annotated[
        int, Meta(ge=1, le=365, description="days after which a signature is not good any more")
    ] = 7
    rotate_days: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST_DAYS,
            description="days after which a domain's keys are replaced by themselves; 0: never",
        ),
    ] = 0
    wait_hours: Annotated[
        int,
        Meta(ge=0, le=MOST_DAYS, description="hours that a new key's record is in the DNS before it signs"),
    ] = 48
    overlap_days: Annotated[
        int,
        Meta(
            ge=1, le=MOST_DAYS, description="days that a replaced key's record stays; longer than life_days"
        ),
    ] = 9
    keep_days: Annotated[
        int, Meta(ge=0, le=MOST_DAYS, description="days that a revoked key's record (an empty p=) is kept")
    ] = 30
    arc: Annotated[bool, Meta(description="seal what others wrote and this system forwards (RFC 8617)")] = (
        False
    )


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[log]: one event a line on standard error."""

    format: Annotated[
        str,
        Meta(
            pattern=r"^(console|json|auto)\Z",
            description="console for people, json for machines, auto by the terminal",
        ),
    ] = "auto"
    level: Annotated[
        str, Meta(pattern=r"^(debug|info|warning|error)\Z", description="debug, info, warning or error")
    ] = "info"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    server: ServerSettings = ServerSettings()
    listen: ListenSettings = ListenSettings()
    tls: TlsSettings = TlsSettings()
    dns: DnsSettings = DnsSettings()
    authentication: AuthenticationSettings = AuthenticationSettings()
    login: LoginSettings = LoginSettings()
    acme: AcmeSettings = AcmeSettings()
    web: WebSettings = WebSettings()
    mta_sts: MtaStsSettings = MtaStsSettings()
    limits: LimitSettings = LimitSettings()
    guard: GuardSettings = GuardSettings()
    lists: dict[str, ListSettings] = {}
    milters: dict[str, MilterSettings] = {}
    queue: QueueSettings = QueueSettings()
    routes: dict[str, RouteSettings] = {}
    mailboxes: MailboxSettings = MailboxSettings()
    journey: JourneySettings = JourneySettings()
    reports: ReportSettings = ReportSettings()
    signing: SigningSettings = SigningSettings()
    log: LogSettings = LogSettings()


_NAMED: Mapping[str, tuple[str, type[msgspec.Struct]]] = (
    MappingProxyType(  # sections with a name of the user's
        {
            "routes": ('routes."example.com"', RouteSettings),
            "lists": ('lists."list.example.com"', ListSettings),
            "milters": ('milters."filter"', MilterSettings),
        }
    )
)
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]+)`(?: - at `\$\.?(?P<path>[^`]*)`)?")
_WRONG = re.compile(r"(?P<what>.*) - at `\$\.(?P<section>[^`]+)\.(?P<key>[^`.]+)`")


def load(path: Path) -> Settings:
    """Reads a file; raises `SettingsError` with the file, the key and the remedy."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path}: {error.strerror}; make one with: postroom quickstart you@your.domain"
        ) from error
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path}: line {line} is not UTF-8: write it anew in that") from error
    return parse(text, str(path))


def parse(text: str, name: str = "configuration") -> Settings:
    """As `load`, from text."""
    try:
        settings = _folded(msgspec.convert(tomllib.loads(text), Settings))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"{name}: {_explain(str(error))}") from error
    for where, value in _values(settings):
        if "\0" in value:
            raise SettingsError(f"{name}: {where}: a null character (U+0000) is in it: take it out")
    return settings


def _values(settings: Settings) -> Iterator[tuple[str, str]]:
    """All texts, with their keys."""
    for section, struct in _filled(settings):
        for key, value in msgspec.structs.asdict(struct).items():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, str):
                    yield f"[{section}] {key}", one


def _filled(settings: Settings) -> Iterator[tuple[str, msgspec.Struct]]:
    for section, value in msgspec.structs.asdict(settings).items():
        if isinstance(value, dict):
            yield from ((f'{section}."{name}"', struct) for name, struct in value.items())
        else:
            yield section, value


def _folded(settings: Settings) -> Settings:
    """This system's names are compared at many places with what others say of them, and their case says nothing."""
    server = settings.server
    names = msgspec.structs.replace(server, hostname=fold(server.hostname), domain=fold(server.domain))
    return msgspec.structs.replace(settings, server=names)


def describe() -> str:
    """Every key with its default and its meaning, as a commented TOML file."""
    lines: list[str] = []
    for section, struct in _sections():
        lines += [f"# {(struct.__doc__ or '').strip()}", f"[{section}]"]
        hints = get_type_hints(struct, include_extras=True)
        for field in msgspec.structs.fields(struct):
            default = '"..."' if field.required else msgspec.json.encode(field.default).decode()  # TOML too
            lines.append(f"# {field.name} = {default}    # {_meaning(hints[field.name])}")
        lines.append("")
    return "\n".join(lines)


def _sections() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    for field in msgspec.structs.fields(Settings):
        named = _NAMED.get(field.name)
        if named is not None:
            yield named
        else:
            yield field.name, type(field.default)


def _meaning(hint: Any) -> str:
    for argument in reversed(get_args(hint)):
        if isinstance(argument, Meta) and argument.description:
            return argument.description
    return ""


def _explain(words: str) -> str:
    unknown = _UNKNOWN.search(words)
    if not unknown:
        wrong = _WRONG.fullmatch(words)
        return (
            f"[{wrong['section']}] {wrong['key']}: {wrong['what'][:1].lower()}{wrong['what'][1:]}"
            if wrong
            else words
        )
    key, path = unknown["key"], unknown["path"] or ""
    where = f"[{path}] " if path else ""
    return f"{where}unknown key {key}: {_remedy(key, path)}"


def _remedy(key: str, path: str) -> str:
    here = _keys_at(path)
    if near := difflib.get_close_matches(key, here, n=1, cutoff=0.5):
        return f"did you mean {near[0]}?"
    elsewhere = [f"[{section}]" for section, struct in _sections() if key in struct.__struct_fields__]
    return f"it is a key of {' or '.join(elsewhere)}" if elsewhere else f"known keys: {', '.join(here)}"


def _keys_at(path: str) -> list[str]:
    struct: type[msgspec.Struct] = Settings
    section = path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
    if section:
        struct = {name.split(".")[0]: found for name, found in _sections()}.get(section, Settings)
    return [field.name for field in msgspec.structs.fields(struct)]
