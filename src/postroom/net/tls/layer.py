"""TLS as a layer of bytes between a transport and a protocol machine: records in, plain octets out, and back.

RFC 8446 and RFC 5246 by OpenSSL, through memory BIOs; RFC 7301 §3.2 (ALPN: no overlap is an error), RFC 6066 §3 (the name that is asked for may
decide which context answers, or that none does). An idle connection costs some 18 KiB
where asyncio's own TLS costs 277. Not here: sockets, deadlines, certificates (`certificates`), and any byte from before the handshake:
a layer is made when the handshake begins and knows only what comes after (RFC 3207 §6).
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from postroom.net.session import TlsFacts
from postroom.net.tls import hello
from postroom.net.tls.certificate_dates import NO_CHECK_TIME, untimely
from postroom.net.tls.channel_binding import bindable, binding
from postroom.proto.certificate import UNREADABLE, alternative_names

SLICE = (
    16 * 1024
)  # octets at a time, in or out: a BIO's buffer never shrinks, so a burst must not make it grow
MOST_ISSUER = 200  # characters of an issuer's name that are kept
_DER = 2  # ENCODING_DER of the module _ssl
NO_APPLICATION_PROTOCOL, UNRECOGNIZED_NAME = 120, 112  # fatal alerts, RFC 8446 §6


class TlsError(Exception):
    """The handshake or a record failed; what is left to send is the alert. `verify_code` is OpenSSL's X509_V_ERR, 0 for another reason."""

    def __init__(self, words: str, verify_code: int = 0) -> None:
        super().__init__(words)
        self.verify_code = verify_code


class Alert(Exception):
    """A ClientHello that is answered by a fatal alert and nothing else."""

    def __init__(self, description: int, words: str) -> None:
        super().__init__(words)
        self.description = description


class _Listening(ssl.SSLObject):
    """OpenSSL's end of a connection, with what it heard; `refused` says why it answered by an alert."""

    heard: bytes | bytearray = b""
    refused = ""


class TlsContext(ssl.SSLContext):
    """An SSLContext that knows which application protocols it speaks; () leaves ALPN alone."""

    protocols: tuple[str, ...] = ()
    now: Callable[[], int] | None = (
        None  # whose time decides of certificates' dates, in unix microseconds; None: the machine's
    )
    sslobject_class = _Listening
    _chooser: Callable[[hello.Hello], TlsContext] | None = None

    def speak(self, protocols: Sequence[str]) -> None:
        """Sets the names for ALPN, the best first."""
        self.protocols = tuple(protocols)
        self.set_alpn_protocols(list(protocols))
        self._listen()

    def choose_by(self, chooser: Callable[[hello.Hello], TlsContext]) -> None:
        """Has the context that answers chosen by what a client asks for; the chooser may raise `Alert`."""
        self._chooser = chooser
        self._listen()

    def judge_by(self, now: Callable[[], int]) -> None:
        """Has the dates of a server's certificates compared with another clock than the machine's."""
        self.now = now
        self.verify_flags |= NO_CHECK_TIME

    def _listen(self) -> None:
        if self.protocol is ssl.PROTOCOL_TLS_SERVER:
            self.sni_callback = _answer


class TlsLayer:
    """One end of one TLS connection."""

    __slots__ = ("_hello", "_in", "_name", "_object", "_out", "ended", "facts")

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, server_name: str = "") -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_side, server_name or None)
        self._name = server_name
        self._hello: bytearray | None = None
        if server_side:
            self._hello = bytearray()
            if isinstance(self._object, _Listening):
                self._object.heard = self._hello
        self.facts: TlsFacts | None = None  # None until the handshake is done
        self.ended = False  # the peer sent close_notify

    def begin(self) -> None:
        """Starts the handshake: a client's first flight is then to be sent."""
        self._handshake()

    def receive(self, data: bytes) -> bytes:
        """Takes octets from the wire and returns plain ones; raises TlsError."""
        if len(data) <= SLICE:
            return self._receive(data)
        view = memoryview(data)
        return b"".join([self._receive(view[at : at + SLICE]) for at in range(0, len(data), SLICE)])

    def send(self, data: bytes | memoryview) -> None:
        """Queues plain octets, not many more than SLICE at a time; only after the handshake. Raises TlsError."""
        try:
            self._object.write(data)
        except ssl.SSLError as error:
            raise TlsError(_words(error)) from error

    def binding(self, kind: str) -> bytes:
        """Data to bind a login to this connection (RFC 5056 §2), b"" where there is none of the kind."""
        version = self.facts.version if self.facts is not None else ""
        return binding(self._object, kind, version) if version else b""

    def data_to_send(self) -> bytes:
        """Octets for the wire, once; b"" when there are none."""
        return self._out.read() if self._out.pending else b""

    def end(self) -> None:
        """Queues close_notify (RFC 8446 §6.1); the peer's own is not waited for."""
        try:
            self._object.unwrap()
        except ssl.SSLError:
            pass

    def _receive(self, data: bytes | memoryview) -> bytes:
        if self.ended:
            return b""
        self._in.write(data)
        if self.facts is None:
            if self._hello is not None and len(self._hello) < hello.MOST_OCTETS:
                self._hello += data
            if not self._handshake():
                return b""
        return self._decrypted()

    def _decrypted(self) -> bytes:
        pieces: list[bytes] = []
        try:
            while self._in.pending or self._object.pending():
                piece = self._object.read(SLICE)
                if not piece:
                    self.ended = True
                    break
                pieces.append(piece)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except ssl.SSLError as error:
            raise TlsError(_words(error)) from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _handshake(self) -> bool:
        try:
            self._object.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if self._hello and self._out.pending:
                self._heard()
            return False
        except ssl.SSLError as error:
            words = getattr(self._object, "refused", "") or _words(error)
            raise TlsError(words, getattr(error, "verify_code", 0)) from error
        self._check_dates()
        self.facts = _facts(self._object, self._name)
        return True

    def chain(self) -> list[bytes]:
        """The certificates that the peer showed, its own first, in DER; whether they were verified is another matter."""
        return self._certificates("get_unverified_chain")

    def _certificates(self, which: str) -> list[bytes]:
        public = hasattr(self._object, which)  # from Python 3.13 on
        holder: Any = self._object if public else getattr(self._object, "_sslobj", None)
        shown = getattr(holder, which)()
        return [one if isinstance(one, bytes) else one.public_bytes(_DER) for one in shown or ()]

    def _check_dates(self) -> None:
        """Where another clock decides: by that. Its judgement comes behind the handshake, before anything is sent in it."""
        now = getattr(self._object.context, "now", None)
        if now is not None and (wrong := untimely(self._certificates("get_verified_chain"), now())):
            raise TlsError(wrong.words, wrong.code)

    def _heard(self) -> None:
        """OpenSSL answers the ClientHello, so it is complete."""
        self._name = hello.read(bytes(self._hello or b"")).server_name
        self._hello = None
        if isinstance(self._object, _Listening):
            self._object.heard = b""


def _answer(tls: Any, _name: str | None, context: ssl.SSLContext) -> int | None:
    """OpenSSL asks, with the whole ClientHello before it, and before anything is answered."""
    assert isinstance(context, TlsContext)
    asked = hello.read(bytes(tls.heard))
    try:
        chosen = context if context._chooser is None else context._chooser(asked)  # noqa: SLF001 -- of this module
        if asked.protocols and chosen.protocols and not set(chosen.protocols) & set(asked.protocols):
            raise Alert(NO_APPLICATION_PROTOCOL, "no application protocol in common")
    except Alert as alert:
        tls.refused = str(alert)
        return alert.description
    if chosen is not context:
        tls.context = chosen
    return None


def _facts(tls: ssl.SSLObject, server_name: str) -> TlsFacts:
    name, _, bits = tls.cipher() or ("", "", 0)
    shown = tls.getpeercert(binary_form=True)
    return TlsFacts(
        version=tls.version() or "",
        cipher=name,
        bits=bits,
        server_name=server_name,
        alpn=tls.selected_alpn_protocol() or "",
        subject=subject(shown) if shown else "",
        verified=bool(shown) and tls.context.verify_mode is not ssl.CERT_NONE,
        certificate=shown or b"" if tls.server_side else b"",
        bindable=bindable(tls),
    )


class CertificateFacts(NamedTuple):
    """Of one certificate: who issued it (its common name, else all of its name), its last day, and the SHA-256 of its public key in hex."""

    issuer: str
    until: str
    key: str


def certificate_facts(der: bytes) -> CertificateFacts:
    """What a certificate says of itself; empty for what is no proper certificate."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        common = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        issuer = str(common[0].value) if common else certificate.issuer.rfc4514_string()
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    except UNREADABLE:
        return CertificateFacts("", "", "")
    return CertificateFacts(issuer[:MOST_ISSUER], until, hashlib.sha256(key).hexdigest())


def subject(der: bytes) -> str:
    """The first DNS name of a certificate, else its common name, else "" (also for what is no proper certificate)."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except UNREADABLE:
        return ""
    found = alternative_names(certificate, x509.DNSName)
    return next(iter([*found, *(str(name.value) for name in common)]), "")


def _words(error: ssl.SSLError) -> str:
    """OpenSSL's reason without its file and line."""
    return str(getattr(error, "verify_message", "") or error.reason or error).replace("_", " ").lower()
