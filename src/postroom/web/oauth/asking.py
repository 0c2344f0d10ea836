"""What a program asks of a user: a request to the authorization endpoint, read and sealed, so that the form which comes back needs no second reading.

RFC 6749 §4.1.1 and §4.1.2.1 (a wrong client or redirect URI is told to the user alone, everything else to the client), RFC 7636 §4.3 (S256 alone:
draft-ietf-oauth-v2-1 §4.1.1), RFC 9207 §2 (iss). Not here: pages, and who the user is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.requests import Request

from postroom.store.vault import Unreadable, Vault
from postroom.web.oauth.clients import Client, client_of, hash_of
from postroom.web.oauth.errors import OAuthError
from postroom.web.oauth.scopes import protocols_of

FORM_SECONDS: Final = 1800  # that a page may stay open
MOST_STATE: Final = 2000  # octets of a client's state
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # base64url of SHA-256
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")  # RFC 7636 §4.1
_PURPOSE: Final = "OAuth request"


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A good request. `until` is in unix microseconds; `user_code` is a device's, which has no redirect URI and no challenge.

    `session`: the signed-in browser that the page was made for, whose user need not say again who he is; b"" for none.
    """

    client: bytes
    name: str
    scopes: tuple[str, ...]
    until: int
    redirect_uri: str = ""
    state: str = ""
    challenge: str = ""
    user_code: str = ""
    session: bytes = b""

    def sealed(self, vault: Vault) -> str:
        """For a hidden field of the page."""
        return base64.urlsafe_b64encode(vault.seal(msgspec.msgpack.encode(self), _PURPOSE)).decode()


class Misdirected(Exception):
    """A request whose answer may go to nobody but the user."""


class Redirected(Exception):
    """A request that is refused to the client, at this URL."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def issuer_of(request: Request) -> str:
    """The origin under which the server was asked (RFC 8414 §2); the guard has looked at it."""
    return f"{request.url.scheme}://{request.headers['host'].lower()}"


def read(given: Mapping[str, str], vault: Vault, issuer: str, now: int) -> Asked:
    """A request to the authorization endpoint. Raises `Misdirected` or `Redirected`."""
    client_id, uri = given.get("client_id", ""), given.get("redirect_uri", "")
    client = _client(client_id, vault)
    if not uri and len(client.redirect_uris) == 1:
        uri = client.redirect_uris[0]
    if not client.leads_to(uri):
        raise Misdirected(f"{client.name} asks to be answered where it has not registered: {uri[:100]}")
    state = given.get("state", "")
    try:
        scopes = _checked(given)
    except OAuthError as error:
        raise Redirected(_answer(uri, state, issuer, error.body())) from error
    until = now + FORM_SECONDS * 1_000_000
    return Asked(hash_of(client_id), client.name, scopes, until, uri, state, given["code_challenge"])


def opened(field: str, vault: Vault, now: int) -> Asked:
    """The request in a form that came back; raises `Misdirected`."""
    try:
        asked = msgspec.msgpack.decode(
            vault.unseal(base64.urlsafe_b64decode(field.encode("ascii")), _PURPOSE), type=Asked
        )
    except (Unreadable, ValueError) as error:
        raise Misdirected("This form is none of this server's: begin again in your program") from error
    if now >= asked.until:
        raise Misdirected("This page has been open for too long: begin again in your program")
    return asked


def allowed(asked: Asked, code: str, issuer: str) -> str:
    """Where the user is led with the code."""
    return _answer(asked.redirect_uri, asked.state, issuer, {"code": code})


def denied(asked: Asked, issuer: str) -> str:
    """Where the user is led who said no."""
    error = OAuthError("access_denied", "The user has refused")
    return _answer(asked.redirect_uri, asked.state, issuer, error.body())


def challenge_of(verifier: str) -> str:
    """S256 of a verifier; raises `OAuthError` for one that is none (RFC 7636 §4.6)."""
    if not _VERIFIER.match(verifier):
        raise OAuthError("invalid_grant", "code_verifier: 43 to 128 letters, digits and -._~")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def target(asked: Asked) -> str:
    """Where the form may lead, as a Content-Security-Policy has it."""
    parts = urlsplit(asked.redirect_uri)
    # A policy knows no addresses of IPv6: browsers ignore them (CSP Level 3 section 2.3.1)
    if parts.netloc and "[" not in parts.netloc:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:" if parts.scheme else ""


def _client(client_id: str, vault: Vault) -> Client:
    try:
        return client_of(client_id, vault)
    except OAuthError as error:
        raise Misdirected(str(error)) from error


def _checked(given: Mapping[str, str]) -> tuple[str, ...]:
    if given.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "Only response_type=code")
    if len(given.get("state", "").encode("utf-8", "surrogatepass")) > MOST_STATE:
        raise OAuthError("invalid_request", f"state has at most {MOST_STATE} octets")
    if given.get("code_challenge_method") != "S256" or not _CHALLENGE.match(given.get("code_challenge", "")):
        raise OAuthError("invalid_request", "Only with PKCE: code_challenge with code_challenge_method=S256")
    return protocols_of(given.get("scope", ""))


def _answer(uri: str, state: str, issuer: str, members: Mapping[str, str]) -> str:
    members = {**members, **({"state": state[:MOST_STATE]} if state else {}), "iss": issuer}
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(members)}"
