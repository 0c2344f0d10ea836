"""How a server is put together: from settings and surroundings to the parts that do the work.

The only place that knows all rooms at once. Functions that make one part each; the order is `app.server`'s. Not here: starting and stopping.
"""

from __future__ import annotations

import ipaddress
import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from postroom import __version__
from postroom.app.settings.file import Settings, SettingsError
from postroom.app.settings.queue import RouteSettings
from postroom.app.surroundings import Surroundings
from postroom.deliver.mx import Identity, MxLookup
from postroom.deliver.router import OwnNames
from postroom.deliver.routes import SMARTHOST, Route
from postroom.deliver.schedule import Schedule
from postroom.deliver.tls.sts import Fetching, StsPolicies
from postroom.deliver.tls_outcome import TlsOutcomes
from postroom.mailauth.dkim.names import a_labels
from postroom.message.address import parse_domain, parse_mailbox
from postroom.message.idn import other_forms
from postroom.net.dns.resolver import ResolverOptions, parse_server, system_options
from postroom.net.https import Web
from postroom.net.tls.certificates import CertificateError, Pair, ServerTls, verified
from postroom.net.tls.selfsigned import self_signed
from postroom.proto.imap.config import ImapConfig
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.sasl.mechanisms import MECHANISMS, NAMED, PASSWORDS_ONLY, Supply
from postroom.proto.smtp.client_events import Account, TlsUse
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.store.administration.domains import Rules
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.transaction import Engine
from postroom.store.store import StoreSettings
from postroom.wire.ip import is_address

LEAST_MESSAGES = 1_000  # of one IMAP command, RFC 9738 §3
POOLED = 48  # writing connections to PostgreSQL of all processes of a server on one machine, and a third of that for reading
FEWEST = 2  # of one process
AUTHORITIES_SECONDS = 3600.0  # after which the files of authorities are read again
DKIM_SECONDS = 600.0  # after which the life of keys is looked at again
PATIENCE = 3600.0  # seconds of silence in a lab
TLS_SERVICES: Mapping[str, Sequence[str]] = MappingProxyType(  # and the protocols (ALPN) of each
    {
        "smtp": ("smtp",),
        "submission": ("smtp",),
        "submissions": ("smtp",),
        "pop3": ("pop3",),
        "pop3s": ("pop3",),
        "imap": ("imap",),
        "imaps": ("imap",),
        "https": ("http/1.1",),
    }
)
# Behind STARTTLS names are not looked at: an MX has many, and a relay that is turned away would go on in the clear.
STRICT_SERVICES = frozenset(("submissions", "pop3s", "imaps", "https"))
_TLS_USE = {
    "none": TlsUse.NEVER,
    "opportunistic": TlsUse.IF_OFFERED,
    "required": TlsUse.REQUIRED,
    "implicit": TlsUse.NEVER,
}


def home_domain(settings: Settings) -> str:
    """The domain that completes unqualified names."""
    return settings.server.domain or settings.server.hostname


def own_names(settings: Settings) -> OwnNames:
    """The host's name and the literals of the addresses it listens on."""
    literals = [f"[IPv6:{ip}]" if ":" in ip else f"[{ip}]" for ip in settings.listen.addresses]
    return OwnNames(frozenset((settings.server.hostname, *literals)), home_domain(settings))


def rules(settings: Settings) -> Rules:
    """Those of the directory; raises `SettingsError` for an administrator whom no mail would reach."""
    named = settings.server.administrator
    administrator = parse_mailbox(named) if named else None
    if named and administrator is None:
        raise SettingsError(f'[server] administrator = "{named}": write an address such as you@example.com')
    return Rules(settings.mailboxes.recipient_delimiter, administrator)


def schedule(settings: Settings) -> Schedule:
    """The pauses and lives of the queue."""
    queue = settings.queue
    return Schedule(queue.waits, queue.life, queue.bounce_life, queue.delay_notice)


def check_pairs(settings: Settings) -> None:
    """Raises `SettingsError` when there is not one key for each certificate."""
    chains, keys = len(settings.tls.certificates), len(settings.tls.keys)
    if chains != keys:
        raise SettingsError(f"[tls] {chains} certificates but {keys} keys: name one key for each")


def server_tls(settings: Settings, keys: Path, now: int) -> ServerTls:
    """The certificates: those of the settings, else self-signed ones that are made once. Raises `CertificateError`, `SettingsError`."""
    check_pairs(settings)
    named = _named_pairs(settings)
    pairs = named or self_signed(keys, [settings.server.hostname], now)
    names = {settings.server.hostname, home_domain(settings), "localhost", *settings.web.names}
    tls = ServerTls(pairs, names, stand_in=not named)
    clients = _client_authorities(settings)
    for service, protocols in TLS_SERVICES.items():
        asks = clients if service not in ("smtp", "https") else None
        tls.service(service, protocols, asks, strict=service in STRICT_SERVICES, proves=service == "https")
    return tls


def store_settings(workers: int) -> StoreSettings:
    """How one of so many processes uses its store: together they have few more connections to PostgreSQL than one alone."""
    whole = PostgresOptions()
    writers, readers = POOLED // workers, POOLED // (3 * workers)
    return StoreSettings(
        postgres=PostgresOptions(
            min(whole.writers, max(FEWEST, writers)), min(whole.readers, max(FEWEST, readers))
        )
    )


def share(settings: Settings, workers: int) -> Settings:
    """What one of so many processes is given of what others, or the machine's memory, see together."""
    limits, queue = settings.limits, settings.queue
    bodies = max(limits.bodies_in_flight // workers, 2 * limits.message_bytes)
    return msgspec.structs.replace(
        settings,
        limits=msgspec.structs.replace(limits, bodies_in_flight=min(bodies, limits.bodies_in_flight)),
        queue=msgspec.structs.replace(queue, concurrency=max(1, queue.concurrency // workers)),
    )


def mechanisms(settings: Settings) -> tuple[str, ...]:
    """The SASL mechanisms of the settings, by which somebody says who he is; raises `SettingsError` for one that is not known."""
    unknown = [name for name in settings.login.mechanisms if name.upper() not in NAMED]
    if unknown:
        more = "; name an account in [login] anonymous for that" if unknown[0].upper() in MECHANISMS else ""
        raise SettingsError(f"[login] mechanisms: {unknown[0]!r} is not one of {', '.join(NAMED)}{more}")
    wanted = {name.upper() for name in settings.login.mechanisms}
    return tuple(name for name in MECHANISMS if name in wanted)


def reading_mechanisms(settings: Settings) -> tuple[str, ...]:
    """Those of protocols that mail is read by: where the settings have something to visit, without a name too (RFC 4505). Raises `SettingsError`."""
    return (*mechanisms(settings), *(("ANONYMOUS",) if visited(settings) else ()))


def visited(settings: Settings) -> str:
    """The address of the account that strangers may visit, "" for none; raises `SettingsError` for what is no address."""
    address = settings.login.anonymous
    if address and parse_mailbox(address) is None:
        raise SettingsError(
            f"[login] anonymous = {address!r}: name an account by its address, or '' for none"
        )
    return address


def smtp_config(
    settings: Settings, world: Surroundings, service: Service, supply: Supply = PASSWORDS_ONLY
) -> ServerConfig:
    """One of the three services of SMTP."""
    limits = settings.limits
    submission = service is Service.SUBMISSION
    return ServerConfig(
        settings.server.hostname,
        world.clock.now,
        service,
        Limits(
            message=limits.message_bytes,
            recipients=limits.submission_recipients if submission else limits.recipients,
            silence=PATIENCE if world.open_house else 300.0,
            logins=100 if world.open_house else 3,
        ),
        starttls=service is not Service.LMTP,
        mechanisms=mechanisms(settings) if submission or (world.open_house and service is Service.MX) else (),
        sasl=supply,
        plaintext_auth=world.passwords_in_clear,
        auth_required=submission,
        unqualified_ok=True,
        etrn=service is Service.MX,
        turn=submission and any(route.turn_for for route in settings.routes.values()),
    )


def pop3_config(settings: Settings, world: Surroundings, supply: Supply = PASSWORDS_ONLY) -> Pop3Config:
    """POP3."""
    mailboxes = settings.mailboxes
    return Pop3Config(
        settings.server.hostname,
        stls=True,
        plaintext=world.passwords_in_clear,
        mechanisms=reading_mechanisms(settings),
        sasl=supply,
        login_delay=mailboxes.pop3_login_delay,
        expire=None if mailboxes.pop3_expire_days < 0 else mailboxes.pop3_expire_days,
    )


def message_limit(settings: Settings) -> int:
    """How many messages one IMAP command touches (RFC 9738), 0 for all. Raises `SettingsError`."""
    messages = settings.limits.imap_messages
    if 0 < messages < LEAST_MESSAGES:
        raise SettingsError(
            f"[limits] imap_messages = {messages}: use at least {LEAST_MESSAGES}, or 0 for all"
        )
    return messages


def imap_config(
    settings: Settings, world: Surroundings, supply: Supply, jmap: Callable[[], str]
) -> ImapConfig:
    """IMAP. `jmap` gives the URL of JMAP's Session resource, "" for none. Raises `SettingsError`."""
    return ImapConfig(
        settings.server.hostname,
        starttls=True,
        plaintext=world.passwords_in_clear,
        mechanisms=reading_mechanisms(settings),
        sasl=supply,
        literal_minus=settings.mailboxes.imap_literal_minus,
        message=settings.limits.message_bytes,
        message_limit=message_limit(settings),
        version=__version__,
        jmap=jmap,
    )


def check_files(settings: Settings) -> None:
    """Raises `SettingsError` for what [tls] names and cannot be used."""
    pairs, clients = _named_pairs(settings), _client_authorities(settings)
    for key, look in (
        ("certificates", lambda: ServerTls(pairs, (), stand_in=False) if pairs else None),
        ("client_authorities", lambda: verified(clients) if clients else None),
        ("authorities", lambda: verified(authorities(settings)) if settings.tls.authorities else None),
    ):
        try:
            look()
        except CertificateError as error:
            raise SettingsError(f"[tls] {key}: {error}") from error


def _named_pairs(settings: Settings) -> list[Pair]:
    """The certificates of [tls] with their keys."""
    tls = settings.tls
    return [Pair(Path(chain), Path(key)) for chain, key in zip(tls.certificates, tls.keys, strict=False)]


def _client_authorities(settings: Settings) -> Path | None:
    return Path(settings.tls.client_authorities) if settings.tls.client_authorities else None


def authorities(settings: Settings) -> Path | None:
    """The file of authorities to trust when sending; None: the system's."""
    return Path(settings.tls.authorities) if settings.tls.authorities else None


def mx_lookup(settings: Settings, world: Surroundings, chance: random.Random) -> MxLookup:
    """Where the mail of domains without a route goes."""
    identity = Identity(frozenset((settings.server.hostname,)), world.owns)
    return MxLookup(world.resolver, identity, chance, world.port_of)


def routes(settings: Settings) -> Mapping[str, Route]:
    """The routes of the settings, by every form in which a recipient's domain may come (RFC 6531 §3.2); raises `SettingsError`."""
    found: dict[str, Route] = {}
    for name, route in settings.routes.items():
        made = _route(name, route)
        for domain in _forms(name):
            if domain in found:
                raise SettingsError(f'[routes."{name}"] is the domain of another route: leave one of them')
            found[domain] = made
    return found


def _forms(name: str) -> tuple[str, ...]:
    domain = SMARTHOST if name == SMARTHOST else parse_domain(name)
    if domain is None:
        raise SettingsError(f'[routes."{name}"]: write a domain such as example.com, or "*" for all others')
    return tuple(dict.fromkeys((domain, *other_forms(domain))))


def _route(domain: str, route: RouteSettings) -> Route:
    whole = bool(route.host) != bool(route.turn_for) and not (route.turn_for and domain == SMARTHOST)
    if not whole and not _only_demands(route):
        raise SettingsError(
            f'[routes."{domain}"] needs a host, or turn_for (for a domain of its own), not both;'
            " or tls = none or required alone, for the domain's MX"
        )
    if route.tls not in _TLS_USE:
        raise SettingsError(f'[routes."{domain}"] tls = "{route.tls}": use one of {", ".join(_TLS_USE)}')
    if route.host and not _can_be_found(route.host):
        raise SettingsError(
            f'[routes."{domain}"] host = "{route.host}": write a name or an address, such as smtp.example.com;'
            " the port is a key of its own"
        )
    account = Account(route.username, _password(domain, route)) if route.username else None
    verify = account is not None or (route.verify and route.tls in ("required", "implicit"))
    return Route(
        route.host,
        route.port,
        _TLS_USE[route.tls],
        route.tls == "implicit",
        verify,
        account,
        route.lmtp,
        route.turn_for,
    )


def _can_be_found(host: str) -> bool:
    """Whether it is an address, or a name that the DNS can be asked for."""
    return is_address(host) or a_labels(host.removesuffix(".")) is not None


def _password(domain: str, route: RouteSettings) -> str:
    if not route.password_file:
        raise SettingsError(f'[routes."{domain}"] username needs a password_file')
    try:
        return Path(route.password_file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:  # UnicodeDecodeError is one
        raise SettingsError(f'[routes."{domain}"] password_file: {error}') from error


def _only_demands(route: RouteSettings) -> bool:
    """Whether it says nothing but how well the domain's own MX must be protected."""
    plain = not (route.host or route.turn_for or route.username or route.lmtp)
    return plain and route.tls in ("none", "required") and route.port == RouteSettings().port


def resolver_options(settings: Settings) -> ResolverOptions:
    """The name servers of the settings, else the system's. Raises `SettingsError`."""
    dns = settings.dns
    if dns.validating not in ("yes", "no", "auto"):
        raise SettingsError(f'[dns] validating = "{dns.validating}": use yes, no or auto')
    try:
        servers = tuple(parse_server(text) for text in dns.servers)
    except ValueError as error:
        raise SettingsError(f"[dns] servers: {error}") from error
    found = system_options()
    if servers:
        local = all(ipaddress.ip_address(server.ip).is_loopback for server in servers)
        found = ResolverOptions(servers, trust_ad=local)
    if dns.validating == "auto":
        return found
    return msgspec.structs.replace(found, trust_ad=dns.validating == "yes")


class Authorities:
    """The context that demands a certificate of a trusted authority; read anew once an hour, since system authorities change."""

    def __init__(self, settings: Settings, world: Surroundings) -> None:
        self._settings = settings
        self._now = world.clock.monotonic
        self._dates_by = world.dates_by
        self._read = 0.0
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """For one connection. Raises `CertificateError` when the authorities cannot be read."""
        if self._context is None or self._now() - self._read > AUTHORITIES_SECONDS:
            self._context = verified(authorities(self._settings), self._dates_by)
            self._read = self._now()
        return self._context


def sts_policies(
    settings: Settings,
    world: Surroundings,
    engine: Engine,
    trusted: Callable[[], ssl.SSLContext],
    outcomes: TlsOutcomes,
) -> StsPolicies | None:
    """The MTA-STS policies of other domains, unless the settings switch them off."""
    if not settings.tls.mta_sts:
        return None
    web = Web(world.resolver, trusted, world.https_port_of, world.source)
    return StsPolicies(Fetching(engine, world.resolver, web, world.clock, outcomes.note))


class Tls(msgspec.Struct, frozen=True):
    """The contexts of a server's services, asked for anew with each connection."""

    certificates: ServerTls

    def of(self, service: str) -> Callable[[], ssl.SSLContext]:
        """The context of a service as it is when it is asked for."""
        return lambda: self.certificates.context(service)
