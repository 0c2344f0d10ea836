"""The header field by which a message says that it would rather arrive unprotected than not at all.

RFC 8689 §3 (`TLS-Required: No`). Not here: REQUIRETLS of the envelope, before which the field means nothing.
"""

from __future__ import annotations

_FIELD = b"\r\ntls-required:"


def tls_is_optional(header: bytes) -> bool:
    """Whether a header says so; a field that is there twice, or says anything else, says nothing."""
    folded = b"\r\n" + header.lower()
    if folded.count(_FIELD) != 1:
        return False
    first, _, rest = folded.partition(_FIELD)[2].partition(b"\r\n")
    if not first.strip() and rest[:1] in (b" ", b"\t"):  # folding white space may stand before the word
        first, _, rest = rest.partition(b"\r\n")
    return first.strip() == b"no" and rest[:1] not in (b" ", b"\t")
