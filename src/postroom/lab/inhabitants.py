"""Who lives in a lab. Not here: moving in (`lab.laboratory`)."""

from __future__ import annotations

import msgspec


class Inhabitant(msgspec.Struct, frozen=True):
    """Somebody with an account, and his password as far as the lab knows it."""

    address: str
    password: str
