"""A server's domain as its DNS records need it: from settings, keys and certificates.

Not here: which records that makes (`records`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postroom.app.dns.forms import DnsRecord
from postroom.app.dns.records import AUTHORITY, SERVICES, Site
from postroom.app.locate import places_of
from postroom.app.own_policy import own_policy
from postroom.app.settings.file import Settings
from postroom.mailauth.dkim.names import a_labels

SELF_SIGNED = "selfsigned-*.pem"


def site_of(settings: Settings, domain: str, keys: Sequence[DnsRecord], addresses: Sequence[str]) -> Site:
    """The site of a domain of ours; `addresses` are the host's public ones where the settings do not tell."""
    listen = settings.listen
    name = a_labels(domain) or domain
    return Site(
        name,
        settings.server.hostname,
        addresses or listen.addresses,
        keys,
        certificate_digests(settings),
        {setting: getattr(listen, setting) for _, setting, _ in SERVICES},
        f"postmaster@{name}",
        sts_id=own_policy(settings).id,
        authority=_authority(settings.acme.directory),
        web=max(listen.http, listen.https) >= 0,
    )


def _authority(directory: str) -> str:
    """Its name in CAA records (RFC 8659 §4.2); that of an authority other than the usual one nobody here knows, and a wrong name would end renewing."""
    host = urlsplit(directory).hostname or AUTHORITY
    return AUTHORITY if host == AUTHORITY or host.endswith(f".{AUTHORITY}") else ""


def certificate_digests(settings: Settings) -> list[str]:
    """SHA-256 of each certificate's public key, in hex (RFC 6698 §2.1.2 and §2.1.3: 1 1); [] where none can be read, and where certificates come from an
    authority: each has a new key, which nobody can publish before it is there (RFC 7671 §8.1)."""
    if settings.acme.directory:
        return []
    files = [Path(name) for name in settings.tls.certificates]
    if not files:
        keys = places_of(settings).keys
        files = sorted(keys.glob(SELF_SIGNED)) if keys.is_dir() else []
    found = []
    for file in files:
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError):
            continue
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found.append(hashlib.sha256(spki).hexdigest())
    return found
