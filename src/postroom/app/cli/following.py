"""Whether the links of a message answer: each is asked with HEAD, which changes nothing on the server.

RFC 9110 §9.3.2 (HEAD), §15.4 (redirects, followed a few times), §15.5. A server that wants a login, or no HEAD, is there all the same. Not here: which links a message has.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urljoin, urlsplit

MOST_LINKS: Final = 100  # of a message that are followed
MOST_REDIRECTS: Final = 5  # from one link on
AT_ONCE: Final = 8  # links that are asked at the same time
ANSWER_SECONDS: Final = 15.0  # until a server has answered
_THERE: Final = frozenset((401, 402, 403, 405, 406, 429, 501))


def followed(links: Iterable[str]) -> dict[str, str]:
    """By link "" when it answers, else why not."""
    wanted = list(dict.fromkeys(links))[:MOST_LINKS]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return dict(zip(wanted, threads.map(_answer, wanted), strict=True))


def _answer(link: str) -> str:
    for _ in range(MOST_REDIRECTS + 1):
        try:
            status, moved = _asked(link)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        if not (300 <= status < 400 and moved):
            return "" if status < 400 or status in _THERE else f"status {status}"
        link = urljoin(link, moved)
    return f"more than {MOST_REDIRECTS} redirects"


def _asked(link: str) -> tuple[int, str]:
    """The status, and where it has moved to."""
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"a redirect to {parts.scheme}: is not followed")
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(
            host, parts.port, timeout=ANSWER_SECONDS, context=ssl.create_default_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=ANSWER_SECONDS)
    )
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("HEAD", target, headers={"User-Agent": "Postroom"})
        response = connection.getresponse()
        return response.status, response.headers.get("Location", "")
    finally:
        connection.close()
