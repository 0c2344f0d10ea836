"""Which content codings a client takes: whether a response may go out as gzip.

RFC 9110 §8.4.1.3 (gzip) and §12.5.3 (Accept-Encoding). Not here: the packing (`serve.jmap.http.http`), files that are packed already (`web.static_files`).
"""

from __future__ import annotations

import re
from typing import Final

_NOT_AT_ALL: Final = re.compile(r"q=0(?:\.0{0,3})?", re.IGNORECASE)
_GZIP: Final = ("gzip", "x-gzip")


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding field names gzip, or anything else by `*`, and does not refuse it. An absent field ("") takes nothing here."""
    taken: dict[str, bool] = {}
    for one in accepted.split(","):
        coding, _, weight = one.partition(";")
        taken[coding.strip().lower()] = _NOT_AT_ALL.fullmatch(weight.strip()) is None
    named = [taken[name] for name in _GZIP if name in taken]
    return named[0] if named else taken.get("*", False)
