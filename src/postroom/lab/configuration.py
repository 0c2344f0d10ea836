"""How each server of a lab is configured, as a file would say it.

Not here: what is around a server (`app.surroundings`), a lab's own settings (`lab.laboratory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from postroom.app.settings import (
    AuthenticationSettings,
    LimitSettings,
    ListenSettings,
    LogSettings,
    ServerSettings,
    Settings,
)
from postroom.app.tls_settings import MtaStsSettings, TlsSettings
from postroom.lab.plan import House
from postroom.lab.policies import MAX_AGE
from postroom.net.certificates import Pair

FREE_BYTES = 64 << 20  # a lab is content with a small disk


class Terms(Protocol):
    """What a lab's settings say of all its servers. See `lab.laboratory.LabSettings`."""

    @property
    def base(self) -> int: ...
    @property
    def data(self) -> Path: ...
    @property
    def enforce(self) -> bool: ...
    @property
    def bind(self) -> str: ...


def configuration(lab: Terms, house: House, pairs: Sequence[Pair], authority: Path) -> Settings:
    """Of one server, which shows these certificates and believes this authority."""
    base, here = lab.base, lab.data / house.domain
    return Settings(
        server=ServerSettings(
            house.host, house.domain, str(here), administrator=f"{house.people[0]}@{house.domain}"
        ),
        listen=ListenSettings(
            tuple(filter(None, ("127.0.0.1", house.ip, lab.bind))),
            smtp=house.port("smtp", base),
            submission=house.port("submission", base),
            submissions=house.port("submissions", base),
            lmtp=house.port("lmtp", base),
            pop3=house.port("pop3", base),
            pop3s=house.port("pop3s", base),
            imap=house.port("imap", base),
            imaps=house.port("imaps", base),
            http=house.port("http", base),
            https=house.port("https", base),
        ),
        tls=TlsSettings(
            tuple(str(pair.chain) for pair in pairs),
            tuple(str(pair.key) for pair in pairs),
            str(authority),
        ),
        authentication=AuthenticationSettings(exempt=(), most="refuse" if lab.enforce else "note"),
        mta_sts=MtaStsSettings("enforce", max_age=MAX_AGE),
        limits=LimitSettings(free_bytes=FREE_BYTES),
        log=LogSettings(),
    )
