"""Who asks: programs that register themselves, and whose whole registration is sealed into their client_id, so that nothing is kept of them.

RFC 7591 §2, §3 and appendix A.5.2 (stateless registration), RFC 8252 §7 (where a native program may be led back to: an own scheme, HTTPS, or this
machine at any port), draft-ietf-oauth-v2-1 §2.1 (public clients: a program on somebody's machine keeps no secret). Not here: what a user allows.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from postroom.store.identity import tokens
from postroom.store.vault import Unreadable, Vault
from postroom.web.oauth.errors import OAuthError

MOST_NAME: Final = 60  # characters of what a client calls itself
MOST_URIS: Final = 8  # that a client may register
MOST_URI: Final = 300  # octets
_PURPOSE: Final = "OAuth client"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+\Z")  # a domain turned round: RFC 8252 §7.1
_URI: Final = re.compile(r"[!-~]+\Z")
_OURS: Final = frozenset(
    ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code")
)


class Client(msgspec.Struct, frozen=True, array_like=True):
    """A program: what it calls itself, and where users may be led back to it ([]: it is a device)."""

    name: str
    redirect_uris: list[str]

    def leads_to(self, uri: str) -> bool:
        """Whether `uri` is one of its own; on this machine the port may differ (RFC 8252 §7.3)."""
        return any(uri == own or _same_but_port(uri, own) for own in self.redirect_uris)


class _Metadata(msgspec.Struct):
    """The members of a registration that matter here."""

    client_name: str = ""
    redirect_uris: list[str] = []
    token_endpoint_auth_method: str = "none"
    grant_types: tuple[str, ...] = ("authorization_code",)


def register(body: bytes, vault: Vault) -> dict[str, object]:
    """The answer to a registration; raises `OAuthError` (RFC 7591 §3.2.2)."""
    try:
        asked = msgspec.json.decode(body, type=_Metadata)
    except (msgspec.DecodeError, RecursionError) as error:
        raise OAuthError(
            "invalid_client_metadata", f"The registration is not as RFC 7591 has it: {error}"
        ) from None
    if asked.token_endpoint_auth_method != "none":
        raise OAuthError("invalid_client_metadata", "Only public clients: token_endpoint_auth_method is none")
    name = " ".join(asked.client_name.split())
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise OAuthError(
            "invalid_client_metadata", f"client_name: 1 to {MOST_NAME} characters that can be shown"
        )
    uris = asked.redirect_uris
    if len(uris) > MOST_URIS or not all(map(_is_good, uris)):
        raise OAuthError(
            "invalid_redirect_uri",
            f"At most {MOST_URIS}, each https://, http:// on this machine (127.0.0.1 or [::1]), or of an own scheme such as com.example.app:/",
        )
    client = Client(name, uris)
    return {
        "client_id": _sealed(client, vault),
        "client_name": name,
        "redirect_uris": uris,
        "token_endpoint_auth_method": "none",
        "grant_types": [kind for kind in asked.grant_types if kind in _OURS] or ["authorization_code"],
        "response_types": ["code"],
    }


def client_of(client_id: str, vault: Vault) -> Client:
    """Who has this client_id; raises `OAuthError` invalid_client when nobody has."""
    try:
        octets = base64.urlsafe_b64decode(client_id.encode("ascii") + b"=" * (-len(client_id) % 4))
        return msgspec.msgpack.decode(vault.unseal(octets, _PURPOSE), type=Client)
    except (Unreadable, ValueError) as error:  # ValueError: binascii's, msgspec's and what is not ASCII
        raise unknown_client() from error


def unknown_client() -> OAuthError:
    """Nobody has this client_id."""
    return OAuthError(
        "invalid_client", "This server knows no such program: it has to register first", status=401
    )


def hash_of(client_id: str) -> bytes:
    """By which grants know a client."""
    return tokens.hash_of(client_id)


def _sealed(client: Client, vault: Vault) -> str:
    sealed = vault.seal(msgspec.msgpack.encode(client), _PURPOSE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _is_good(uri: str) -> bool:
    if len(uri) > MOST_URI or not _URI.match(uri) or "#" in uri:
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    return _is_here(parts) if parts.scheme == "http" else bool(_SCHEME.match(parts.scheme))


def _is_here(parts: SplitResult) -> bool:
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _same_but_port(uri: str, own: str) -> bool:
    if not _is_good(uri):
        return False
    asked, kept = urlsplit(uri), urlsplit(own)
    if asked.scheme != "http" or not _is_here(kept) or kept.scheme != "http":
        return False
    return (asked.hostname, asked.path, asked.query) == (kept.hostname, kept.path, kept.query)
