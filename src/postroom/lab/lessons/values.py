"""What `$name` stands for in a lesson: people and passwords of the lab, what replies have said, and what a student would work out from both.

RFC 4616 §2 (`$plain`), RFC 1939 §7 (`$digest`), RFC 5802 §3 (`$scram_first`, `$scram_last`). Not here: where replies are read (`signs`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final

from postroom.proto.sasl.exchange import Login
from postroom.proto.sasl.scram import ScramClient

APOP_SECRET: Final = "tanstaaf"  # as in RFC 1939 §7
_NAME: Final = re.compile(r"\$([a-z][a-z_]*)")
NONCE: Final = "rOprNGfwEbeRWgbNEkqO"  # a student's, who types it by hand: as in RFC 7677 §3


class Values:
    """Of one run of a lesson. `known` is there from the beginning; `learn` adds what the signs of steps have caught."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = {**known, "secret": APOP_SECRET}
        self._caught: dict[str, str] = {}

    def learn(self, caught: Mapping[str, str | None]) -> None:
        """What a sign has caught."""
        self._caught.update({name: value for name, value in caught.items() if value is not None})

    def forget(self) -> None:
        """A part begins: it must not know what another one has caught."""
        self._caught.clear()

    def fill(self, text: str, quote: Callable[[str], str] = str) -> str:
        """The text with its values; raises KeyError for one that is not known."""
        return _NAME.sub(lambda found: quote(self[found[1]]), text)

    def __getitem__(self, name: str) -> str:
        found = self._caught.get(name) or self._known.get(name)
        if found is not None:
            return found
        if name.endswith("_less"):
            return str(int(self[name.removesuffix("_less")]) - 1)
        if name.endswith("_more"):
            return str(int(self[name.removesuffix("_more")]) + 1)
        return _WORKED_OUT[name](self)


def _plain(values: Values) -> str:
    """authzid NUL authcid NUL passwd, in base64."""
    return _base64(f"\0{values['bob']}\0{values['bob_password']}".encode())


def _digest(values: Values) -> str:
    """The timestamp of the greeting, followed by the shared secret, through MD5."""
    return hashlib.md5(f"{values['stamp']}{values['secret']}".encode(), usedforsecurity=False).hexdigest()


def _scram(values: Values) -> ScramClient:
    login = Login(values["bob"], values["bob_password"], "smtp", "mail.hamburger.test", lambda: NONCE)
    return ScramClient(login, "sha256", plus=False)


def _scram_first(values: Values) -> str:
    return _base64(_scram(values).step(b""))


def _scram_last(values: Values) -> str:
    client = _scram(values)
    client.step(b"")
    return _base64(client.step(base64.b64decode(values["challenge"])))


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


_WORKED_OUT: Final[Mapping[str, Callable[[Values], str]]] = {
    "plain": _plain,
    "digest": _digest,
    "scram_first": _scram_first,
    "scram_last": _scram_last,
}
