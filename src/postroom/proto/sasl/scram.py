"""SCRAM: both sides prove that they know the password, and neither shows it; with channel binding, that nobody sits between them.

RFC 5802 §3 (the computation), §5 and §7 (messages), §6 (channel binding and the protection of its negotiation), RFC 7677 (SHA-256), RFC 9266
(tls-exporter), RFC 5929 §4 (tls-server-end-point). A name may have several secrets: they share a salt, and the proof tells which it was. Not here:
where keys are kept, nonces, bindings' data.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

import msgspec

from postroom.proto.sasl.exchange import (
    Ask,
    Binding,
    Challenge,
    Denied,
    EncodingError,
    Granted,
    Key,
    Knowledge,
    Login,
    Nonce,
    Outcome,
    Proof,
    SaslError,
    Terms,
    Verifier,
    WhoIs,
    decode_base64,
    identity,
)
from postroom.proto.sasl.exchange import (
    Final as FinalWord,
)
from postroom.proto.sasl.saslprep import Unprepared, saslprep

MAX_MESSAGE: Final = 4096  # octets of one message of an exchange
MAX_NONCE: Final = 512  # octets
MIN_ITERATIONS: Final = 4096  # that a client takes from a server, RFC 5802 §5.1
MAX_ITERATIONS: Final = 600_000  # likewise: each is work
HASHES: Final = ("sha1", "sha256")
BINDINGS: Final = ("tls-exporter", "tls-server-end-point")  # a client's preference
_NONCE = re.compile(rf"[!-+\--~]{{1,{MAX_NONCE}}}\Z")  # printable, no comma
_NAME = re.compile(r"(?:[^=,]|=2C|=3D)+\Z")
_COUNT = re.compile(rb"[1-9][0-9]{0,9}")  # posit-number, RFC 5802 §7


class Keys(msgspec.Struct, frozen=True):
    """What is derived of a password for one hash."""

    client: bytes
    stored: bytes
    server: bytes


def keys_of(hash_name: str, password: bytes, salt: bytes, iterations: int) -> Keys:
    """RFC 5802 §3: ClientKey, StoredKey and ServerKey of a prepared password."""
    salted = hashlib.pbkdf2_hmac(hash_name, password, salt, iterations)
    client = hmac.digest(salted, b"Client Key", hash_name)
    return Keys(
        client, hashlib.new(hash_name, client).digest(), hmac.digest(salted, b"Server Key", hash_name)
    )


class _Hello(msgspec.Struct, frozen=True):
    """The client's first message, taken apart."""

    header: bytes  # gs2-header
    bare: bytes
    flag: str  # n, y, or the name of a binding behind "p="
    authzid: str
    authcid: str
    nonce: str


class ScramServer:
    """One exchange: first message, keys, proof, policy, the server's own proof."""

    def __init__(self, terms: Terms, name: str, hash_name: str, *, plus: bool) -> None:
        self._terms = terms
        self._name = name
        self._hash = hash_name
        self._plus = plus
        self._hello: _Hello | None = None
        self._verifier: Verifier | None = None
        self._first = b""  # our first message
        self._signature = b""
        self._final: FinalWord | None = None

    def step(self, response: bytes | None) -> Outcome:
        """The client's messages in their order."""
        if self._final is not None:
            return self._final.step(response)
        if response is None:
            return Challenge(b"")
        if len(response) > MAX_MESSAGE:
            raise SaslError("the message is too long")
        if self._hello is None:
            self._hello = self._read_hello(response)
            return Ask(WhoIs(self._name, self._hello.authcid))
        return self._check_proof(self._hello, response)

    def know(self, knowledge: Knowledge) -> Outcome:
        """The keys, then the policy's word."""
        if isinstance(knowledge, Verifier):
            assert self._hello is not None
            self._verifier = knowledge
            nonce = self._hello.nonce + self._terms.nonce()
            salt = base64.b64encode(knowledge.salt).decode()
            self._first = f"r={nonce},s={salt},i={knowledge.iterations}".encode()
            return Challenge(self._first)
        if isinstance(knowledge, Granted):
            self._final = FinalWord(knowledge)
            return Challenge(b"v=" + base64.b64encode(self._signature))
        assert isinstance(knowledge, Denied)
        return knowledge

    def _read_hello(self, message: bytes) -> _Hello:
        # client-first-message = gs2-header client-first-message-bare                 RFC 5802 §7
        text = identity(message)
        parts = text.split(",", 2)
        if len(parts) != 3:
            raise SaslError("not of the form gs2-header, name, nonce")
        flag, authzid, bare = parts
        if authzid and not authzid.startswith("a="):
            raise SaslError("what follows the channel binding flag is no authorization identity")
        name, nonce, *_ = [*bare.split(","), ""]
        if not name.startswith("n=") or not nonce.startswith("r=") or not _NONCE.match(nonce[2:]):
            raise SaslError("a name, then a nonce, is what it has to have")  # "m=" too: no extension is known
        header = message[: len(message) - len(bare.encode())]
        return _Hello(
            header,
            bare.encode(),
            self._binding_flag(flag),
            _name(authzid[2:]) if authzid else "",
            _name(name[2:]),
            nonce[2:],
        )

    def _binding_flag(self, flag: str) -> str:
        """RFC 5802 §6: whoever could bind and believes that we cannot was lied to."""
        if self._plus:
            if not flag.startswith("p=") or flag[2:] not in BINDINGS:
                raise SaslError("a mechanism with channel binding, and none that is known")
            return flag[2:]
        if flag not in ("n", "y"):
            raise SaslError("channel binding needs the mechanism with -PLUS")
        if flag == "y" and self._terms.bindable:
            raise SaslError("the client was not told of channel binding: somebody is in between")
        return flag

    def _check_proof(self, hello: _Hello, message: bytes) -> Ask:
        # client-final-message = channel-binding "," nonce ["," extensions] "," proof  RFC 5802 §7
        without, comma, proof = message.rpartition(b",p=")
        binding, nonce, *_ = [*without.split(b","), b""]
        if not comma or not binding.startswith(b"c="):
            raise SaslError("not of the form binding, nonce, proof")
        data = b"" if hello.flag in ("n", "y") else self._terms.binding(hello.flag)
        if hello.flag not in ("n", "y") and not data:
            raise SaslError("there is no such channel binding here")
        bound = hmac.compare_digest(_decoded(binding[2:]), hello.header + data)
        fresh = hmac.compare_digest(nonce, self._first.split(b",")[0])
        if not bound or not fresh:
            raise SaslError("another channel, or another exchange")
        signed = b",".join((hello.bare, self._first, without))
        found = self._fitting(signed, _decoded(proof))
        return Ask(Proof(self._name, hello.authcid, found, hello.authzid))

    def _fitting(self, signed: bytes, proof: bytes) -> int:
        """The credential whose key the proof shows; 0 for none. Unknown names cost the same."""
        assert self._verifier is not None
        found = 0
        for key in self._verifier.keys or (Key(0, bytes(32), bytes(32)),):
            signature = hmac.digest(key.stored, signed, self._hash)
            client = bytes(a ^ b for a, b in zip(proof, signature, strict=False))
            same = hmac.compare_digest(hashlib.new(self._hash, client).digest(), key.stored)
            if same and len(proof) == len(signature):
                found = key.credential
                self._signature = hmac.digest(key.server, signed, self._hash)
        return found


class ScramClient:
    """The client's end. It believes nobody who does not know the password too."""

    def __init__(self, login: Login, hash_name: str, *, plus: bool) -> None:
        self._hash = hash_name
        self._password = _prepared(login.password).encode()
        flag, data = _flag(login.binding, plus=plus, bindable=login.bindable)
        self._header = f"{flag},,".encode()
        self._bound = base64.b64encode(self._header + data)
        self._nonce = _own(login.nonce)
        name = _prepared(login.user).replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}".encode()
        self._steps = 0
        self._expected = b""
        self.complete = False

    def step(self, challenge: bytes) -> bytes:
        """First message, proof, and nothing when the server has proven itself."""
        self._steps += 1
        if self._steps == 1:
            return self._header + self._bare
        if self._steps == 2:
            return self._prove(challenge)
        if self._steps == 3 and hmac.compare_digest(challenge.split(b",")[0], self._expected):
            self.complete = True
            return b""
        raise SaslError("the server does not know the password")

    def _prove(self, first: bytes) -> bytes:
        # server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
        parts = first.split(b",")
        if (
            len(first) > MAX_MESSAGE
            or len(parts) < 3
            or [part[:2] for part in parts[:3]] != [b"r=", b"s=", b"i="]
        ):
            raise SaslError("not of the form nonce, salt, iteration count")
        nonce, salt, count = (part[2:] for part in parts[:3])
        own = self._nonce.encode()
        if not nonce.startswith(own) or len(nonce) == len(own):
            raise SaslError("the nonce is not made of ours")
        if not _COUNT.fullmatch(count) or not MIN_ITERATIONS <= int(count) <= MAX_ITERATIONS:
            raise SaslError(f"an iteration count that is not {MIN_ITERATIONS} to {MAX_ITERATIONS}")
        keys = keys_of(self._hash, self._password, _decoded(salt), int(count))
        without = b"c=" + self._bound + b",r=" + nonce
        signed = b",".join((self._bare, first, without))
        signature = hmac.digest(keys.stored, signed, self._hash)
        proof = bytes(a ^ b for a, b in zip(keys.client, signature, strict=True))
        self._expected = b"v=" + base64.b64encode(hmac.digest(keys.server, signed, self._hash))
        return without + b",p=" + base64.b64encode(proof)


def _flag(binding: Binding, *, plus: bool, bindable: bool) -> tuple[str, bytes]:
    """gs2-cbind-flag and the data: `y` says that we could bind, and saw no offer (RFC 5802 §6)."""
    kind = next((name for name in BINDINGS if binding(name)), "")
    if plus:
        if not kind:
            raise SaslError("there is nothing to bind to")
        return f"p={kind}", binding(kind)
    return ("y" if kind and not bindable else "n"), b""


def _own(nonce: Nonce) -> str:
    made = nonce()
    if not _NONCE.match(made):
        raise SaslError("a nonce that cannot be sent")
    return made


def _name(text: str) -> str:
    """saslname: `=2C` is a comma, `=3D` an equals sign, and no other `=` may be there (RFC 5802 §5.1)."""
    if not _NAME.match(text):
        raise SaslError("a name is empty or not encoded as prescribed")
    return _prepared(text.replace("=2C", ",").replace("=3D", "="))


def _prepared(text: str) -> str:
    try:
        return saslprep(text)
    except Unprepared as error:
        raise SaslError(str(error)) from None


def _decoded(text: bytes) -> bytes:
    try:
        return decode_base64(text)
    except EncodingError:
        raise SaslError("base64 within the message that is none") from None


def derived(password: bytes, salt: bytes, iterations: int) -> dict[str, tuple[bytes, bytes]]:
    """StoredKey and ServerKey for each hash, as a server keeps them; {} for a password that SASLprep does not let pass."""
    try:
        prepared = saslprep(password.decode("utf-8"), stored=True).encode()
    except (UnicodeDecodeError, Unprepared):
        return {}
    both = {name: keys_of(name, prepared, salt, iterations) for name in HASHES}
    return {name: (keys.stored, keys.server) for name, keys in both.items()} if prepared else {}
