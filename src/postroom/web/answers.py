"""Answers of HTTP that say in one line what is wrong and what to do; for whatever stands below the applications.

RFC 9110 §15. Not here: who gets which.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response


class Refused(Exception):
    """A request that is not answered as asked: `status`, and words for who reads them. `last`: the connection ends with it."""

    def __init__(self, status: int, words: str, *, last: bool = False) -> None:
        super().__init__(words)
        self.status = status
        self.last = last

    def response(self) -> Response:
        """As it is sent."""
        headers = {"connection": "close"} if self.last else {}
        return PlainTextResponse(f"{self}\n", self.status, headers)
