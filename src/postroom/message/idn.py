"""Internationalized domain names as the DNS has them.

RFC 5891 §4.4 (A-labels), with the mapping of UTS #46 before (case, width); the other forms of a name. Not here: what only eyes need.
"""

from __future__ import annotations

import idna

from postroom.message.address import MAX_DOMAIN


def a_labels(domain: str) -> str:
    """The domain in A-labels; one in ASCII as it is. Raises ValueError, with the reason, when it is no internationalized name."""
    if domain.isascii():
        return domain
    if len(domain) > MAX_DOMAIN:  # before anything is computed: Punycode takes its time
        raise ValueError(f"the name has {len(domain)} characters, at most {MAX_DOMAIN} octets are allowed")
    return idna.encode(domain, uts46=True).decode("ascii")


def u_labels(domain: str) -> str:
    """What a name in A-labels stands for, unchecked: to be looked up, not to be shown. Raises ValueError."""
    labels = (
        label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
        for label in domain.split(".")
    )
    name = ".".join(labels)
    name.encode("utf-8")  # surrogates are no characters
    return name


def other_forms(domain: str) -> tuple[str, ...]:
    """What else the same domain, in lower case, is written as: in A-labels, or in U-labels; nothing for one without any, or that is no name."""
    if (domain.isascii() and "xn--" not in domain) or len(domain) > MAX_DOMAIN:
        return ()
    try:
        in_ascii = a_labels(domain)
        forms = (in_ascii, u_labels(in_ascii))
    except ValueError:
        return ()
    return tuple(form for form in forms if form != domain)
