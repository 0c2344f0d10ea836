"""Whether certificates hold by another clock than the machine's: that of a lab, which can be moved.

RFC 5280 §4.1.2.5 (validity), §6.1.3 (a path is judged at one moment). OpenSSL knows the machine's clock alone, so it is told to leave dates to us; all else it has verified
before. Not here: chains, names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final, NamedTuple

from cryptography import x509

NO_CHECK_TIME: Final = (
    0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL (x509_vfy.h), which the module ssl does not name
)


class Untimely(NamedTuple):
    """What is wrong, in OpenSSL's words, and its X509_V_ERR for that."""

    words: str
    code: int


_EARLY: Final = Untimely("certificate is not yet valid", 9)
_LATE: Final = Untimely("certificate has expired", 10)


def untimely(chain: Iterable[bytes], now: int) -> Untimely | None:
    """What is wrong with the dates of a verified chain (DER) at `now`, in unix microseconds; None when it holds."""
    at = dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC)
    for der in chain:
        certificate = x509.load_der_x509_certificate(der)
        if at < certificate.not_valid_before_utc:
            return _EARLY
        if at > certificate.not_valid_after_utc:
            return _LATE
    return None
