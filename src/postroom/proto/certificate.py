"""Certificates that anybody may have shown: what can go wrong when one is read, and its names.

RFC 5280 §4.2.1.6 (subjectAltName). The library parses late, and with errors of many kinds: a second extension of one kind, a version that there is not, a
name of a form that it does not know. Not here: whether a certificate is good.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# What `cryptography` raises for a certificate that is none, or for a part of one when that is looked at.
UNREADABLE: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def alternative_names(
    certificate: x509.Certificate, kind: type[x509.DNSName | x509.RFC822Name | x509.IPAddress]
) -> list[str]:
    """The names of one kind, as they are written; [] when there are none, or none that can be read."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return []
    return [str(name.value) for name in names if isinstance(name, kind)]
