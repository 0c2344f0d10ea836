"""What can be wrong with a request to an authorization server.

RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8628 §3.5. Not here: how it is told (a page, a redirect, JSON).
"""

from __future__ import annotations


class OAuthError(Exception):
    """`code` is the RFC's word, the text says it for people; `status` that of a response in JSON."""

    def __init__(self, code: str, words: str, *, status: int = 400) -> None:
        super().__init__(words)
        self.code = code
        self.status = status

    def body(self) -> dict[str, str]:
        """As JSON has it (RFC 6749 §5.2)."""
        return {"error": self.code, "error_description": str(self)}
