"""Certificates and the TLS contexts made of them: a server's, one for each service, replaced while it runs; and a client's.

RFC 8446 and RFC 5246 (1.2 is the oldest version, RFC 8996 §4 has ended the others), RFC 6066 §3 (the certificate follows the name that is
asked for), RFC 3207 §4 (a server shows what it has, a client may take it unverified), RFC 7672 §1.3 (opportunistic TLS between relays).
Session tickets are bound to a service because each has a context, and so ticket keys, of its own. Not here: ACME, DANE, MTA-STS.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from cryptography import x509

from postroom.net.client_certificate import ask_for_certificates
from postroom.net.tls import TlsContext


class CertificateError(Exception):
    """A certificate or key that cannot be used; the message names the file and what is wrong with it."""


class Pair(msgspec.Struct, frozen=True):
    """A certificate with its chain, and its key, as PEM files."""

    chain: Path
    key: Path


class ServerTls:
    """The certificates of one server. ECDSA and RSA pairs for the same names stand side by side; clients take what they can."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        """Reads the files; raises CertificateError."""
        if not pairs:
            raise CertificateError("TLS needs at least one certificate")
        self._pairs = tuple(pairs)
        self._protocols: dict[str, tuple[str, ...]] = {}
        self._clients: dict[str, Path] = {}
        self._contexts: dict[str, TlsContext] = {}
        self._stamps: tuple[tuple[int, int], ...] = ()
        self.expires = 0  # unix microseconds: the end of the certificate that ends first
        self.reload()

    def service(self, name: str, protocols: Iterable[str] = (), clients: Path | None = None) -> None:
        """Declares a service and the protocols (ALPN) that it speaks; () leaves ALPN alone. With `clients`, the PEM file of who certifies
        users, a certificate is asked for, and none is taken that they have not made. Raises `CertificateError`."""
        self._protocols[name] = tuple(protocols)
        if clients is not None:
            self._clients[name] = clients
        self._contexts[name] = self._build(self._protocols[name], clients)

    def context(self, name: str) -> TlsContext:
        """The context of a declared service as it is now; ask again for each connection."""
        return self._contexts[name]

    def reload(self) -> None:
        """Reads the files anew. After a CertificateError everything is as it was."""
        stamps = self._now_stamps()
        expires = min(_expiry(pair) for pair in self._pairs)
        self._build(())
        self._contexts = {
            name: self._build(protocols, self._clients.get(name))
            for name, protocols in self._protocols.items()
        }
        self._stamps, self.expires = stamps, expires

    def refresh(self) -> bool:
        """Reloads if a file has changed since it was read; True when it did. Raises as `reload`, and tries again the next time."""
        if self._now_stamps() == self._stamps:
            return False
        self.reload()
        return True

    def _now_stamps(self) -> tuple[tuple[int, int], ...]:
        return tuple(_stamp(path) for pair in self._pairs for path in (pair.chain, pair.key))

    def _build(self, protocols: tuple[str, ...], clients: Path | None = None) -> TlsContext:
        by_names: dict[frozenset[str], TlsContext] = {}
        for pair in self._pairs:
            names = frozenset(_names(_certificate(pair.chain)))
            if names not in by_names:
                by_names[names] = _server_context(protocols)
                _ask(by_names[names], clients)
            _load(by_names[names], pair)
        first = next(iter(by_names.values()))
        if len(by_names) > 1:
            _choose_by_name(first, {name: context for names, context in by_names.items() for name in names})
        return first


def opportunistic() -> TlsContext:
    """A client's context that takes any certificate: better than clear text, no proof of who is there."""
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def verified(authorities: Path | None = None) -> TlsContext:
    """A client's context that demands a valid certificate for the name; None: the system's authorities. Raises CertificateError."""
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise CertificateError(f"{authorities}: {error.strerror or error}") from error
    return context


def _server_context(protocols: tuple[str, ...]) -> TlsContext:
    context = TlsContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # Python does not set it
    context.num_tickets = 1
    if protocols:
        context.speak(protocols)
    return context


def _ask(context: ssl.SSLContext, clients: Path | None) -> None:
    if clients is not None:
        try:
            ask_for_certificates(context, clients)
        except ValueError as error:
            raise CertificateError(str(error)) from error


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    try:
        context.load_cert_chain(pair.chain, pair.key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{pair.key} is not the key of the certificate in {pair.chain}") from error
        raise CertificateError(f"{pair.chain}, {pair.key}: {error.reason or error}") from error
    except OSError as error:
        raise CertificateError(f"{pair.key}: {error.strerror}") from error


def _choose_by_name(context: TlsContext, contexts: dict[str, TlsContext]) -> None:
    def choose(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        asked = (name or "").lower()
        chosen = contexts.get(asked) or contexts.get("*." + asked.partition(".")[2])
        if chosen is not None:
            tls.context = chosen

    context.sni_callback = choose


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CertificateError(f"{path} holds no certificate in PEM form") from error


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _expiry(pair: Pair) -> int:
    return int(_certificate(pair.chain).not_valid_after_utc.timestamp()) * 1_000_000


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error
    return status.st_mtime_ns, status.st_size
