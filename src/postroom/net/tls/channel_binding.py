"""What a login can be bound to: data that both ends of one TLS connection have, and nobody in between.

RFC 9266 §2 (tls-exporter, by RFC 8446 §7.5; only from TLS 1.3 on), RFC 5929 §4 (tls-server-end-point). Python's `ssl` gives neither: OpenSSL is asked
itself, about the connection that the object holds. Where it lies in the object is checked before it is touched; where that is not as it should be,
there is no binding, and mechanisms that need one are not offered. Not here: SASL.
"""

from __future__ import annotations

import _ssl
import ctypes
import hashlib
import ssl
import sys

from cryptography import x509

from postroom.proto.certificate import UNREADABLE

_LABEL = b"EXPORTER-Channel-Binding"
_OCTETS = 32
_POINTER, _SIZE, _TEXT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
_FUNCTIONS = (
    (
        "SSL_export_keying_material",
        ctypes.c_int,
        (_POINTER, _POINTER, _SIZE, _TEXT, _SIZE, _TEXT, _SIZE, ctypes.c_int),
    ),
    ("SSL_get_certificate", _POINTER, (_POINTER,)),
    ("i2d_X509", ctypes.c_int, (_POINTER, _POINTER)),
)
MOST_CERTIFICATE = 65_536  # octets of one


def binding(tls: ssl.SSLObject, kind: str, version: str) -> bytes:
    """The data of a binding by its name, b"" where it cannot be had. `version` is the one that was agreed on."""
    if kind == "tls-exporter" and version == "TLSv1.3":
        return _exported(tls)
    if kind == "tls-server-end-point":
        return end_point(
            _own_certificate(tls) if tls.server_side else tls.getpeercert(binary_form=True) or b""
        )
    return b""


def bindable(tls: ssl.SSLObject) -> bool:
    """Whether a server can bind a login to this connection."""
    return _connection(tls) != 0 and _openssl() is not None


def end_point(der: bytes) -> bytes:
    """RFC 5929 §4.1: the hash of a server's certificate, by its signature's function, SHA-256 for those of before; b"" without one."""
    if not der:
        return b""
    try:
        used = x509.load_der_x509_certificate(der).signature_hash_algorithm
    except UNREADABLE:
        return b""
    if used is None:  # such as Ed25519: undefined by RFC 5929
        return b""
    name = "sha256" if used.name in ("md5", "sha1") else used.name.replace("-", "_")
    return hashlib.new(name, der).digest()


def _exported(tls: ssl.SSLObject) -> bytes:
    library, address = _openssl(), _connection(tls)
    if library is None or not address:
        return b""
    out = ctypes.create_string_buffer(_OCTETS)
    done = library.SSL_export_keying_material(address, out, _OCTETS, _LABEL, len(_LABEL), b"", 0, 1)
    return out.raw if done == 1 else b""


def _own_certificate(tls: ssl.SSLObject) -> bytes:
    """The certificate that was shown; with several, only OpenSSL knows which."""
    library, address = _openssl(), _connection(tls)
    if library is None or not address:
        return b""
    certificate = library.SSL_get_certificate(address)  # borrowed
    if not certificate:
        return b""
    size = library.i2d_X509(certificate, None)
    if not 0 < size <= MOST_CERTIFICATE:
        return b""
    out = ctypes.create_string_buffer(size)
    place = ctypes.c_void_p(ctypes.addressof(out))
    library.i2d_X509(certificate, ctypes.byref(place))
    return out.raw


def _connection(tls: ssl.SSLObject) -> int:
    """The address of OpenSSL's connection, 0 where the object is not laid out as known: type, no socket, connection, context."""
    if sys.implementation.name != "cpython":
        return 0
    holder = getattr(tls, "_sslobj", None)
    if type(holder).__name__ != "_SSLSocket" or sys.getsizeof(holder) < 5 * ctypes.sizeof(ctypes.c_void_p):
        return 0
    words = (ctypes.c_size_t * 5).from_address(id(holder))
    _count, kind, socket, address, context = words
    known = kind == id(type(holder)) and socket == 0 and context == id(getattr(holder, "context", None))
    return address if known else 0


def _openssl() -> ctypes.CDLL | None:
    """The library that `ssl` itself uses; None where it does not show these functions."""
    try:
        library = ctypes.CDLL(getattr(_ssl, "__file__", None))
        for name, result, arguments in _FUNCTIONS:
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library
