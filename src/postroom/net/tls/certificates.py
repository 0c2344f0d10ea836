"""The TLS contexts of a server, one for each service, made of its certificates and replaced while it runs; and a client's contexts.

RFC 8446 and RFC 5246 (1.2 is the oldest version, RFC 8996 §4 has ended the others), RFC 6066 §3 (the certificate follows the name that is
asked for; a name that is not ours is refused where browsers come), RFC 7301 §3.2 (each service speaks its own protocol and no other, so that what was
meant for one is not taken by another), RFC 8737 §3 (a certificate authority looks by a handshake), RFC 3207 §4 (a server shows what it has, a client
may take it unverified), RFC 7672 §1.3 (opportunistic TLS between relays). Session tickets are bound to a service because each has a context, and so
ticket keys, of its own. Not here: where certificates come from, DANE, MTA-STS.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from postroom.net.tls.client_certificate import ask_for_certificates
from postroom.net.tls.hello import Hello
from postroom.net.tls.layer import UNRECOGNIZED_NAME, Alert, TlsContext
from postroom.net.tls.pem import CertificateError, Held, Material, describe, load
from postroom.wire.ip import is_address

__all__ = ["CertificateError", "Pair", "ServerTls", "opportunistic", "verified"]

ACME_TLS = "acme-tls/1"


class Pair(msgspec.Struct, frozen=True):
    """A certificate with its chain, and its key, as PEM files."""

    chain: Path
    key: Path

    def read(self) -> Material:
        """What is in the files; raises `CertificateError`."""
        return Material(_octets(self.chain), _octets(self.key), f"{self.chain}, {self.key}")


class _Service(msgspec.Struct, frozen=True):
    """How a service does TLS."""

    name: str
    protocols: tuple[str, ...] = ()
    clients: Path | None = None
    strict: bool = False
    proves: bool = False


class ServerTls:
    """The certificates of one server. ECDSA and RSA ones for the same names stand side by side; clients take what they can.

    `pairs` are files. `stand_in` says that they are of use only as long as nothing better is held (`hold`). `names` are the server's own beside those in
    its certificates.
    """

    def __init__(self, pairs: Sequence[Pair], names: Iterable[str] = (), *, stand_in: bool = False) -> None:
        """Reads the files; raises CertificateError."""
        if not pairs:
            raise CertificateError("TLS needs at least one certificate")
        self._pairs = tuple(pairs)
        self._stand_in = stand_in
        self._names = frozenset(name.lower() for name in names)
        self._held: tuple[Material, ...] = ()
        self._services: dict[str, _Service] = {}
        self._contexts: dict[str, TlsContext] = {}
        self._proofs: dict[str, TlsContext] = {}
        self._stamps: tuple[tuple[int, int], ...] = ()
        self._read: tuple[tuple[Material, Held], ...] = ()
        self.reload()

    @property
    def shown(self) -> tuple[Held, ...]:
        """What clients are shown, as it was read last."""
        return tuple(held for _, held in self._read)

    @property
    def stands_in(self) -> bool:
        """Whether there is nothing but the stand-in."""
        return self._stand_in and not self._held

    def service(
        self,
        name: str,
        protocols: Iterable[str] = (),
        clients: Path | None = None,
        *,
        strict: bool = False,
        proves: bool = False,
    ) -> None:
        """Declares a service and the protocols (ALPN) that it speaks; () leaves ALPN alone. Raises `CertificateError`.

        With `clients`, the PEM file of who certifies users, a certificate is asked for, and none is taken that they have not made. `strict`: clients
        that ask for a name that is not ours are refused. `proves`: certificate authorities look here.
        """
        self._services[name] = _Service(name, tuple(protocols), clients, strict, proves)
        self._contexts[name] = self._build(self._services[name], self._read)

    def context(self, name: str) -> TlsContext:
        """The context of a declared service as it is now; ask again for each connection."""
        return self._contexts[name]

    def hold(self, materials: Sequence[Material]) -> bool:
        """Shows these beside what is in files; False when they are shown already. After a CertificateError everything is as it was."""
        if tuple(materials) == self._held:
            return False
        before, self._held = self._held, tuple(materials)
        try:
            self.reload()
        except CertificateError:
            self._held = before
            raise
        return True

    def prove(self, proofs: Mapping[str, Material]) -> None:
        """Answers a certificate authority's handshakes for these names, and no longer for others (RFC 8737 §3)."""
        self._proofs = {name.lower(): _context((ACME_TLS,), [proof]) for name, proof in proofs.items()}

    def reload(self) -> None:
        """Reads the files anew. After a CertificateError everything is as it was."""
        stamps = self._now_stamps()
        read = tuple((one, describe(one)) for one in self._materials())
        self._build(_Service("any"), read)
        self._contexts = {name: self._build(one, read) for name, one in self._services.items()}
        self._stamps, self._read = stamps, read

    def refresh(self) -> bool:
        """Reloads if a file has changed since it was read; True when it did. Raises as `reload`, and tries again the next time."""
        if self._now_stamps() == self._stamps:
            return False
        self.reload()
        return True

    def _materials(self) -> list[Material]:
        """What the settings name comes first: its first name is shown to who asks for none."""
        if self._stand_in and self._held:
            return list(self._held)
        return [*(pair.read() for pair in self._pairs), *self._held]

    def _now_stamps(self) -> tuple[tuple[int, int], ...]:
        return tuple(_stamp(path) for pair in self._pairs for path in (pair.chain, pair.key))

    def _build(self, service: _Service, read: Sequence[tuple[Material, Held]]) -> TlsContext:
        alike: dict[frozenset[str], list[Material]] = {}
        for one, held in read:
            alike.setdefault(frozenset(held.names), []).append(one)
        by_name: dict[str, TlsContext] = {}
        contexts = []
        for names, found in alike.items():
            contexts.append(_context(service.protocols, found))
            _ask(contexts[-1], service.clients)
            for name in names:
                by_name.setdefault(name, contexts[-1])
        first = contexts[0]

        def choose(asked: Hello) -> TlsContext:
            if ACME_TLS in asked.protocols and service.proves:
                return self._proof(asked)
            name = "" if is_address(asked.server_name) else asked.server_name
            chosen = by_name.get(name) or by_name.get("*." + name.partition(".")[2])
            if chosen is None and name and service.strict and name not in self._names:
                raise Alert(UNRECOGNIZED_NAME, f"no service here is called {name}")
            return chosen or first

        first.choose_by(choose)
        return first

    def _proof(self, asked: Hello) -> TlsContext:
        found = self._proofs.get(asked.server_name)
        if found is None or asked.protocols != (ACME_TLS,):
            raise Alert(UNRECOGNIZED_NAME, f"nothing is to be proved for {asked.server_name}")
        return found


def opportunistic() -> TlsContext:
    """A client's context that takes any certificate: better than clear text, no proof of who is there."""
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def verified(authorities: Path | None = None, now: Callable[[], int] | None = None) -> TlsContext:
    """A client's context that demands a valid certificate for the name; None: the system's authorities. Raises CertificateError.

    `now` gives unix microseconds where certificates are valid by another clock than the machine's.
    """
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise CertificateError(f"{authorities}: {error.strerror or error}") from error
    if now is not None:
        context.judge_by(now)
    return context


def _context(protocols: Sequence[str], materials: Sequence[Material]) -> TlsContext:
    context = TlsContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # Python does not set it
    context.num_tickets = 1
    if protocols:
        context.speak(protocols)
    for one in materials:
        load(context, one)
    return context


def _ask(context: ssl.SSLContext, clients: Path | None) -> None:
    if clients is not None:
        try:
            ask_for_certificates(context, clients)
        except ValueError as error:
            raise CertificateError(str(error)) from error


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error
    return status.st_mtime_ns, status.st_size
