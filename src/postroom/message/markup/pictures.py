"""Where the pictures of a message come from: its own parts, itself, or somebody else's host, who would learn that it was read.

RFC 2392 (cid). A picture of another host stands there as a grey box until it is asked for; then its address is one of ours (`remote`), which fetches it.
What is too small to be seen is never fetched. Not here: fetching (`net.pictures`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote, urlsplit

MAX_ADDRESS: Final = 2_000  # octets of the address of a picture of another host
MAX_HOSTS: Final = 100  # that are named
BOX: Final = "data:image/gif;base64,R0lGODlhAQABAIAAAMzMzAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
DATA: Final = re.compile(
    r"data:image/(?:png|gif|jpeg|jpg|webp|bmp|avif);base64,[A-Za-z0-9+/]+={0,2}", re.IGNORECASE
)
_BLANKS: Final = re.compile(r"[\x00-\x20\x7f]+")
_TINY: Final = re.compile(r"\s*0*[012](?:\.[0-9]+)?\s*(?:px|pt)?\s*", re.IGNORECASE)
# None at all in any unit, or less than three pixels; an exponent is in no honest size.
_NO_SIZE: Final = r"(?=[+0-9.])\+?(?:[0.]+(?:[a-z]+|%)?|0*[012]?(?:\.[0-9]+)?(?:px|pt)?|[0-9.]+e[+-]?[0-9]+[a-z]*)(?![\w.%])"
_UNSEEN: Final = re.compile(
    rf"display: none|visibility: hidden|opacity: (?=[0-9.])0*(?:\.0[0-9]*)?%?(?![0-9.%])|(?<![a-z-])(?:max-)?(?:width|height): {_NO_SIZE}",
    re.IGNORECASE,
)

Attributes = dict[str, str]


class Pictures:
    """The pictures of one message. `own` gives what stands for a Content-ID, as data; `remote` gives our address for another host's, None while none is asked for.

    `blocked`: hosts, and how many of their pictures are not shown; `shown` likewise; `trackers`: what cannot be seen, and is never fetched.
    """

    def __init__(
        self,
        own: Callable[[str], str | None],
        remote: Callable[[str], str] | None = None,
        ours: re.Pattern[str] | None = None,
    ) -> None:
        self._own = own
        self._remote = remote
        self._ours = ours
        self.blocked: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()
        self.trackers: Counter[str] = Counter()
        self.used: set[str] = set()  # Content-IDs

    def again(self) -> Pictures:
        """For markup whose pictures are decided: nothing of it is counted."""
        return Pictures(lambda _: None, None, self._ours)

    def is_ours(self, address: str) -> bool:
        """Whether an address is one of ours."""
        return self._ours is not None and self._ours.fullmatch(address) is not None

    def image(self, attributes: Attributes) -> Attributes | None:
        """The attributes of an image; None when nothing of it stays."""
        source = _BLANKS.sub("", attributes.pop("src", ""))
        remote = self._host(source) is not None
        if remote and _unseen(attributes):
            self.trackers[self._host(source) or ""] += 1
            return None
        found = self.picture(source)
        if found is None and not remote and not source.lower().startswith("cid:"):
            return None if "alt" not in attributes else {**attributes, "src": BOX}
        return {**attributes, "src": found or BOX}

    def picture(self, address: str) -> str | None:
        """What is loaded for an address; None for nothing."""
        address = _BLANKS.sub("", address)
        lowered = address[:10].lower()
        if lowered.startswith("cid:"):
            cid = unquote(address[4:])
            self.used.add(cid)
            return self._own(cid)
        if lowered.startswith("data:"):
            return address if DATA.fullmatch(address) else None
        if self.is_ours(address):
            return address
        host = self._host(address)
        if host is None:
            return None
        if self._remote is None or len(address.encode()) > MAX_ADDRESS:
            self._note(self.blocked, host)
            return None
        self._note(self.shown, host)
        return self._remote(f"https:{address}" if address.startswith("//") else address)

    def _host(self, address: str) -> str | None:
        """The host of an address of http or https."""
        if address[:2] in ("//", "\\\\", "/\\", "\\/"):
            address = "https://" + address[2:]
        if not address[:8].lower().startswith(("http:", "https:")):
            return None
        if self.is_ours(address):
            return None
        try:
            return (urlsplit(address.replace("\\", "/")[:MAX_ADDRESS]).hostname or "?")[:255]
        except ValueError:
            return "?"

    def _note(self, counter: Counter[str], host: str) -> None:
        if host in counter or len(counter) < MAX_HOSTS:
            counter[host] += 1


def _unseen(attributes: Attributes) -> bool:
    """Whether an image is there to be fetched and not to be seen."""
    if any(_TINY.fullmatch(attributes.get(name, "")) for name in ("width", "height")):
        return True
    return _UNSEEN.search(attributes.get("style", "")) is not None
