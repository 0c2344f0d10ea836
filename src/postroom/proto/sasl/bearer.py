"""OAUTHBEARER and XOAUTH2: a token that somebody else has given out says who it is.

RFC 7628 §3 (the message, the error, the client's acknowledgement), RFC 6750 §2.1 (the form of a token). XOAUTH2 is the same before there was an RFC:
no header of GS2, and the name under `user`. Not here: tokens (`store.identity.tokens`), and how one is had.
"""

from __future__ import annotations

import json
import re
from typing import Final

from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    Denied,
    Discovery,
    Granted,
    Knowledge,
    Login,
    Outcome,
    SaslError,
    Terms,
    Token,
    identity,
)

MAX_TOKEN: Final = 4096  # octets
_GS2 = re.compile(r"[ny],(?:a=((?:[^=,]|=2C|=3D)*))?,\Z")
_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)\Z", re.IGNORECASE)  # b64token, RFC 6750 §2.1


class BearerServer:
    """One message; after a refusal, an error that the client acknowledges."""

    def __init__(self, terms: Terms, name: str) -> None:
        self._discovery = terms.discovery
        self._name = name
        self._denied: Denied | None = None

    def step(self, response: bytes | None) -> Outcome:
        """An empty challenge when there was no initial response, then the token."""
        if self._denied is not None:
            return self._denied  # RFC 7628 §3.2.3: whatever the client says now
        if response is None:
            return Challenge(b"")
        return Ask(self._read(response))

    def know(self, knowledge: Knowledge) -> Outcome:
        """The policy's word."""
        if isinstance(knowledge, Denied):
            self._denied = knowledge
            return Challenge(error(self._discovery))
        assert isinstance(knowledge, Granted)
        return knowledge

    def _read(self, message: bytes) -> Token:
        # client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep                      RFC 7628 §3.1
        head, *pairs = identity(message).split("\1")
        if len(message) > 2 * MAX_TOKEN or pairs[-2:] != ["", ""]:
            raise SaslError("not a list of keys and values")
        if self._name == "XOAUTH2":
            pairs = [head, *pairs]
        found = {key.lower(): value for key, _, value in (pair.partition("=") for pair in pairs)}
        bearer = _BEARER.match(found.get("auth", ""))
        user = found.get("user", "") if self._name == "XOAUTH2" else _gs2_name(head)
        if bearer is None or len(bearer[1]) > MAX_TOKEN:
            raise SaslError("no bearer token")
        return Token(self._name, user, bearer[1])


def error(discovery: Discovery) -> bytes:
    """What is wrong, and where a token is to be had (RFC 7628 §3.2.2). `schemes` is XOAUTH2's."""
    members = {"status": "invalid_token", "schemes": "bearer"}
    if discovery.url:
        members |= {"scope": discovery.scope, "openid-configuration": discovery.url}
    return json.dumps(members, separators=(",", ":")).encode()


class BearerClient:
    """The message, and the acknowledgement of an error."""

    complete = True

    def __init__(self, login: Login, name: str) -> None:
        self._sent = False
        user = login.user.replace("=", "=3D").replace(",", "=2C")
        head = f"user={login.user}" if name == "XOAUTH2" else f"n,a={user},"
        self._message = f"{head}\1auth=Bearer {login.token}\1\1".encode()
        self._regret = b"" if name == "XOAUTH2" else b"\1"

    def step(self, challenge: bytes) -> bytes:
        """The token, once."""
        if self._sent:
            if not challenge:
                raise SaslError("the server asks for more")
            return self._regret
        self._sent = True
        return self._message


def _gs2_name(header: str) -> str:
    found = _GS2.match(header)
    if found is None:
        raise SaslError("it does not begin with n,a=name,")
    return (found[1] or "").replace("=2C", ",").replace("=3D", "=")
