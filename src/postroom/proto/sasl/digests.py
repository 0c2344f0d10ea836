"""CRAM-MD5 and DIGEST-MD5: a digest of a challenge and a secret that both sides know.

RFC 2195 §2, RFC 2831 §2.1 (initial authentication, qop=auth only). Both need the secret in clear on the server, and whoever listens may guess it
at leisure (RFC 6331): they are for accounts that have such a secret, and off otherwise. A server checks the service of `digest-uri` but not its
host, since a server has many names. Not here: security layers, which TLS is for.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    Denied,
    Granted,
    Knowledge,
    Login,
    Outcome,
    Proof,
    SaslError,
    Secret,
    Terms,
    WhoIs,
    identity,
)
from postroom.proto.sasl.exchange import (
    Final as FinalWord,
)

MAX_DIGEST: Final = 4096  # octets of a response, RFC 2831 §2.1.2; of a challenge 2048
_DIRECTIVE = re.compile(
    r'[ \t]*([a-z-]{1,40})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]{1,300}))[ \t]*(?:,|$)', re.IGNORECASE
)


class CramMd5Server:
    """RFC 2195 §2: a timestamp, then the name and the digest."""

    def __init__(self, terms: Terms) -> None:
        self._challenge = f"<{terms.nonce()}@{terms.host}>".encode()
        self._digest = b""
        self._name = ""
        self._asked = False

    def step(self, response: bytes | None) -> Outcome:
        """The challenge, then the answer to it."""
        if not self._asked:
            self._asked = True
            if response is not None:
                raise SaslError("CRAM-MD5 begins with the server")
            return Challenge(self._challenge)
        name, _, self._digest = (response or b"").rpartition(b" ")
        self._name = identity(name)
        if not self._name or len(self._digest) != 32:
            raise SaslError("not of the form name, digest")
        return Ask(WhoIs("CRAM-MD5", self._name))

    def know(self, knowledge: Knowledge) -> Outcome:
        """Compares."""
        assert isinstance(knowledge, Secret)
        expected = hmac.new(knowledge.secret, self._challenge, "md5").hexdigest().encode()
        same = hmac.compare_digest(expected, self._digest.lower())
        return Proof("CRAM-MD5", self._name, knowledge.credential if same else 0)


class CramMd5Client:
    """Answers the challenge."""

    complete = True

    def __init__(self, login: Login) -> None:
        self._login = login
        self._done = False

    def step(self, challenge: bytes) -> bytes:
        """The answer, once."""
        if self._done or not challenge:
            raise SaslError("CRAM-MD5 has one challenge")
        self._done = True
        digest = hmac.new(self._login.password.encode(), challenge, "md5").hexdigest()
        return f"{self._login.user} {digest}".encode()


class DigestMd5Server:
    """RFC 2831 §2.1: directives both ways, and the server's own proof at the end."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._nonce = terms.nonce()
        self._asked = False
        self._said: dict[str, str] = {}
        self._secret = b""
        self._final: FinalWord | None = None

    def step(self, response: bytes | None) -> Outcome:
        """The challenge, then the answer to it, then the client's nothing."""
        if self._final is not None:
            return self._final.step(response)
        if not self._asked:
            self._asked = True
            if response:
                raise SaslError("only a first exchange is known")  # RFC 2831 §2.2: subsequent authentication
            words = (f'realm="{self._terms.host}"', f'nonce="{self._nonce}"', 'qop="auth"')
            return Challenge(",".join((*words, "charset=utf-8", "algorithm=md5-sess")).encode())
        self._said = said = directives(response or b"", MAX_DIGEST)
        self._check(said)
        return Ask(WhoIs("DIGEST-MD5", said["username"]))

    def _check(self, said: dict[str, str]) -> None:
        """RFC 2831 §2.1.2.1: what a server looks at before the digest."""
        service = said.get("digest-uri", "").split("/")[0].lower()
        wanted = {"nonce": self._nonce, "nc": "00000001"}
        if any(said.get(name) != value for name, value in wanted.items()):
            raise SaslError("it answers another challenge")
        if said.get("qop", "auth") != "auth" or service != self._terms.service:
            raise SaslError("another quality of protection, or another service")
        if not said.get("username") or not said.get("cnonce") or len(said.get("response", "")) != 32:
            raise SaslError("it lacks a name, a nonce or a digest")

    def know(self, knowledge: Knowledge) -> Outcome:
        """Compares; then proves that we know the secret too."""
        if isinstance(knowledge, Secret):
            said, self._secret = self._said, knowledge.secret
            expected = digest(said, self._secret, "AUTHENTICATE")
            same = hmac.compare_digest(expected.encode(), said["response"].lower().encode())
            proven = knowledge.credential if same else 0
            return Ask(Proof("DIGEST-MD5", said["username"], proven, said.get("authzid", "")))
        if isinstance(knowledge, Granted):
            self._final = FinalWord(knowledge)
            return Challenge(f"rspauth={digest(self._said, self._secret, '')}".encode())
        assert isinstance(knowledge, Denied)
        return knowledge


class DigestMd5Client:
    """Answers, and wants to see the server's proof."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._said: dict[str, str] = {}
        self.complete = False

    def step(self, challenge: bytes) -> bytes:
        """The answer to the challenge, then nothing."""
        if not self._said:
            return self._answer(directives(challenge, MAX_DIGEST))
        shown = directives(challenge, MAX_DIGEST).get("rspauth", "")
        expected = digest(self._said, self._login.password.encode(), "")
        if self.complete or not hmac.compare_digest(shown.encode(), expected.encode()):
            raise SaslError("the server does not know the secret")
        self.complete = True
        return b""

    def _answer(self, offered: dict[str, str]) -> bytes:
        login = self._login
        methods = [word.strip() for word in offered.get("qop", "auth").split(",")]
        if not offered.get("nonce") or offered.get("algorithm") != "md5-sess" or "auth" not in methods:
            raise SaslError("not a challenge that can be answered")
        if not all(char.isprintable() for char in offered["nonce"] + offered.get("realm", "")):
            raise SaslError("not a challenge that can be answered")
        self._said = said = {
            "username": login.user,
            "realm": offered.get("realm", login.host),
            "nonce": offered["nonce"],
            "cnonce": login.nonce(),
            "nc": "00000001",
            "qop": "auth",
            "digest-uri": f"{login.service}/{login.host}",
        }
        if offered.get("charset", "").lower() == "utf-8":
            said["charset"] = "utf-8"
        said["response"] = digest(said, login.password.encode(), "AUTHENTICATE")
        bare = ("nc", "qop", "charset", "response")
        words = [
            f"{name}={value}" if name in bare else f"{name}={_quoted(value)}" for name, value in said.items()
        ]
        return ",".join(words).encode()


def directives(octets: bytes, most: int) -> dict[str, str]:
    """RFC 2831 §7.1: `name=value` or `name="value"` with commas between, each name once; raises `SaslError`."""
    text, at = identity(octets), 0
    if len(octets) > most:
        raise SaslError("the message is too long")
    found: dict[str, str] = {}
    while at < len(text):
        one = _DIRECTIVE.match(text, at)
        if one is None or one[1].lower() in found:
            raise SaslError("not a list of directives")
        quoted = one[2]
        found[one[1].lower()] = one[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = one.end()
    return found


def digest(said: dict[str, str], secret: bytes, verb: str) -> str:
    """RFC 2831 §2.1.2.1: the value of `response` ("AUTHENTICATE"), or of `rspauth` ("")."""
    user, realm, nonce, cnonce = (said.get(name, "") for name in ("username", "realm", "nonce", "cnonce"))
    both = b":".join((_latin(user), _latin(realm), _latin(secret.decode("utf-8", "replace"))))
    first = _md5(both) + f":{nonce}:{cnonce}".encode()
    if said.get("authzid"):
        first += b":" + said["authzid"].encode()
    second = f"{verb}:{said['digest-uri']}".encode()
    parts = (_md5(first).hex(), nonce, said["nc"], cnonce, "auth", _md5(second).hex())
    return _md5(":".join(parts).encode()).hex()


def _latin(text: str) -> bytes:
    """ISO 8859-1 where that can be, else UTF-8 (RFC 2831 §2.1.2.1)."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _md5(octets: bytes) -> bytes:
    return hashlib.md5(octets, usedforsecurity=False).digest()
