"""Domains and selectors of signatures, checked before the DNS hears of them.

RFC 6376 §3.5 (d=, s=: sub-domains of RFC 5321 §4.1.2), §3.6.2.1 (where a key is), RFC 8616 §5 (U-labels). Not here: what is in the DNS.
"""

from __future__ import annotations

import re

from postroom.message.idn import a_labels as in_a_labels

MAX_NAME = 253  # characters of a name in the DNS, in A-labels

# Underscores are in selectors of the field, and in no host name: they do no harm.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?>(?:\.{_LABEL})*)")


def a_labels(name: str) -> str | None:
    """The name as the DNS has it, in lower case; None when it is not one."""
    if len(name) > MAX_NAME:
        return None
    try:
        name = in_a_labels(name)
    except ValueError:
        return None
    return name.lower() if len(name) <= MAX_NAME and _NAME.fullmatch(name) else None


def signing_domain(name: str) -> str | None:
    """`sub-domain 1*("." sub-domain)`: a domain of two labels at least, in A-labels; else None."""
    found = a_labels(name)
    return found if found is not None and "." in found else None


def is_within(name: str, domain: str) -> bool:
    """Is it that domain, or below it? Both in A-labels."""
    return name == domain or name.endswith("." + domain)


def key_name(selector: str, domain: str) -> str:
    """Where the key of a signature is, RFC 6376 §3.6.2.1."""
    return f"{selector}._domainkey.{domain}"
