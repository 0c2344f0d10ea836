"""Settings of certificates, and of what is told to others over HTTPS: [tls], [acme], [mta_sts], [web].

Not here: the file (`app.settings.file`), what is made of them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class TlsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[tls]: certificate chains and keys in PEM; without any, self-signed ones are made and kept."""

    certificates: Annotated[
        tuple[str, ...],
        Meta(description="PEM files, each a chain; an ECDSA and an RSA one may stand side by side"),
    ] = ()
    keys: Annotated[
        tuple[str, ...], Meta(description="PEM files with the keys, in the order of the certificates")
    ] = ()
    authorities: Annotated[str, Meta(description="PEM file of further authorities to trust when sending")] = (
        ""
    )
    dane: Annotated[
        bool, Meta(description="hold servers against their TLSA records when sending (RFC 7672)")
    ] = True
    mta_sts: Annotated[
        bool, Meta(description="fetch and heed the MTA-STS policies of domains when sending (RFC 8461)")
    ] = True
    client_authorities: Annotated[
        str,
        Meta(
            description="PEM file of who certifies users: asks mail programs for a certificate (EXTERNAL); '' does not"
        ),
    ] = ""


class AcmeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[acme]: certificates from an authority (RFC 8555), asked for and renewed by the server; without one they are self-signed."""

    directory: Annotated[
        str,
        Meta(
            description="the authority's URL, which says that you agree with its terms of service;"
            " https://acme-v02.api.letsencrypt.org/directory is Let's Encrypt's; '' is none"
        ),
    ] = ""
    contact: Annotated[str, Meta(description="an address to which the authority may write")] = ""
    names: Annotated[
        tuple[str, ...],
        Meta(max_length=49, description="names in the server's own certificate beside the hostname"),
    ] = ()
    domains: Annotated[
        bool,
        Meta(
            description="also names that belong to the domains, such as mta-sts., where the DNS leads them here"
        ),
    ] = True
    kinds: Annotated[
        tuple[Annotated[str, Meta(pattern="^(ecdsa|rsa)$")], ...],
        Meta(min_length=1, description="kinds of keys; a client takes what it can"),
    ] = ("ecdsa", "rsa")
    challenges: Annotated[
        tuple[Annotated[str, Meta(pattern="^(http-01|tls-alpn-01)$")], ...],
        Meta(min_length=1, description="what is proved to the authority, in the order of trying"),
    ] = ("http-01", "tls-alpn-01")
    authorities: Annotated[
        str, Meta(description="PEM file of the authorities that the authority's own server is trusted by")
    ] = ""
    external_account: Annotated[
        str, Meta(description="the id (kid) of an account that you have with the authority, if it wants one")
    ] = ""
    external_key_file: Annotated[str, Meta(description="a file that holds its key (base64url)")] = ""


class MtaStsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[mta_sts]: the policy that other servers get at https://mta-sts.DOMAIN (RFC 8461)."""

    mode: Annotated[
        str,
        Meta(
            pattern="^(enforce|testing|none)$",
            description="enforce: no mail without a valid certificate of ours; testing: it is reported; none",
        ),
    ] = "testing"
    mx: Annotated[
        tuple[str, ...], Meta(description="names of mail hosts, such as *.example.com; () is the hostname")
    ] = ()
    max_age: Annotated[
        int, Meta(ge=86_400, le=31_557_600, description="seconds that others remember the policy")
    ] = 604_800


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[web]: the names under which HTTP is heard, beside the hostname and those that belong to the domains."""

    names: Annotated[
        tuple[str, ...], Meta(max_length=49, description="further names, such as webmail.example.com")
    ] = ()
