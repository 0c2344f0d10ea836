"""What a program may do: scopes, and the protocols that they stand for.

RFC 6749 §3.3; draft-ietf-mailmaint-oauth-public §3.1 (the name of the scope for mail). Not here: what a protocol lets its users do.
"""

from __future__ import annotations

from typing import Final

from postroom.web.oauth.errors import OAuthError

MAIL: Final = "urn:ietf:params:oauth:scope:mail"
OFFLINE: Final = "offline_access"  # asked by many, and always given: refresh tokens
_MEANS: Final[dict[str, tuple[str, ...]]] = {
    MAIL: ("smtp", "imap", "pop3", "jmap"),
    "smtp": ("smtp",),
    "imap": ("imap",),
    "pop3": ("pop3",),
    "jmap": ("jmap",),
    OFFLINE: (),
}
SCOPES: Final = tuple(_MEANS)
_WORDS: Final = {
    "smtp": "send mail in your name",
    "imap": "read, change and delete all your mail (IMAP)",
    "pop3": "fetch and delete the mail in your inbox (POP3)",
    "jmap": "read, change, delete and send mail, and your contacts (JMAP)",
}


def protocols_of(scope: str) -> tuple[str, ...]:
    """The protocols of a request's scope, those of mail when it names none; raises `OAuthError` invalid_scope."""
    names = scope.split()
    unknown = [name for name in names if name not in _MEANS]
    if unknown:
        raise OAuthError(
            "invalid_scope", f"There is no scope {unknown[0][:60]!r}; there are: {' '.join(SCOPES)}"
        )
    wanted = {protocol for name in names for protocol in _MEANS[name]}
    return tuple(protocol for protocol in _MEANS[MAIL] if protocol in (wanted or _MEANS[MAIL]))


def scope_of(protocols: tuple[str, ...]) -> str:
    """The scope that was given, for the answer (RFC 6749 §5.1)."""
    return MAIL if protocols == _MEANS[MAIL] else " ".join(protocols)


def words_for(protocols: tuple[str, ...]) -> list[str]:
    """What a user agrees to, in his words."""
    return [_WORDS[protocol] for protocol in protocols]
