"""A verdict as header fields: Received-SPF, and its part of Authentication-Results.

RFC 7208 §9.1 (Received-SPF), §9.2 and RFC 8601 §2.7.2 (the methods' words). Not here: when they are written, and into what.
"""

from __future__ import annotations

import re

from postroom.mailauth.spf.verdict import Result, Scope, Verdict
from postroom.message.headers.authentication_results import (
    MethodResult,
    Property,
    comment_text,
    quoted_string,
)

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_DOT_ATOM = re.compile(rf"{_ATEXT}++(?>(?:\.{_ATEXT}++)*)").fullmatch
_ERRORS = (Result.TEMPERROR, Result.PERMERROR)


def received_spf(verdict: Verdict) -> bytes:
    """The field with its CRLF, one key a line; `receiver` is the client's, "unknown" where that is not said."""
    identity = verdict.identity
    pairs = [
        ("client-ip", verdict.client.ip),
        ("envelope-from", identity.sender if identity.scope is Scope.MAIL_FROM else ""),
        ("helo", verdict.client.helo),
        ("identity", identity.scope.value),
        ("receiver", verdict.client.receiver),
        ("mechanism", verdict.mechanism if verdict.result not in {*_ERRORS, Result.NONE} else ""),
        ("problem", verdict.problem if verdict.result in _ERRORS else ""),
    ]
    listed = ";\r\n\t".join(f"{key}={_value(value)}" for key, value in pairs if value)
    return f"Received-SPF: {verdict.result} ({comment_text(verdict.words)})\r\n\t{listed}\r\n".encode()


def method_result(verdict: Verdict) -> MethodResult:
    """`spf=... smtp.mailfrom=...`, or `smtp.helo=`: of an address the domain alone, which is what was checked."""
    identity = verdict.identity
    return MethodResult(
        "spf",
        verdict.result.value,
        (Property("smtp", identity.scope.value, identity.domain or "unknown"),),
        comment=verdict.words,
    )


def _value(text: str) -> str:
    return text if _DOT_ATOM(text) and len(text) < 300 else quoted_string(text)
