"""How a lab is to be, and the configuration of each of its servers that follows.

Not here: who runs them (`lab.laboratory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from postroom.app.logs import Log
from postroom.app.settings.file import (
    AuthenticationSettings,
    LimitSettings,
    ListenSettings,
    LogSettings,
    ServerSettings,
    Settings,
)
from postroom.app.settings.tls import MtaStsSettings, TlsSettings
from postroom.lab.ca import KINDS
from postroom.lab.dns.policies import MAX_AGE
from postroom.lab.faults.mishaps import Chosen
from postroom.lab.plan import HOUSES, House, Person
from postroom.net.tls.certificates import Pair
from postroom.store.login.passwords import PasswordCost

FREE_BYTES = 64 << 20  # a lab is content with a small disk


class LabSettings(msgspec.Struct, frozen=True):
    """`base` 0: any free ports. `data` is kept between two runs. `enforce`: what fails sender authentication is treated as a server does.

    `houses` are its domains, each a server of its own. `bind` is an address of this machine at which others reach the servers, "" for none: there
    passwords are taken under TLS only, and who fails to log in waits. `keys`: the kinds of keys that certificates are for; one of RSA takes long to be made. `password_cost`: of argon2.
    `page_too`: there the lab's page and its interface can be reached as well. With `catch_all`, one mailbox gets what has no other, of any domain.
    """

    data: Path
    base: int
    people: Sequence[Person]
    log: Log
    faults: Sequence[Chosen] = ()
    enforce: bool = False
    houses: Sequence[House] = HOUSES
    bind: str = ""
    keys: Sequence[str] = KINDS
    catch_all: bool = False
    page_too: bool = False
    password_cost: PasswordCost = PasswordCost()


def settings_of(house: House, lab: LabSettings, pairs: Sequence[Pair], authority: Path) -> Settings:
    """The configuration of one of the servers, as a file would hold it; it shows these certificates."""
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
            tuple(str(pair.chain) for pair in pairs), tuple(str(pair.key) for pair in pairs), str(authority)
        ),
        authentication=AuthenticationSettings(exempt=(), most="refuse" if lab.enforce else "note"),
        mta_sts=MtaStsSettings("enforce", max_age=MAX_AGE),
        limits=LimitSettings(free_bytes=FREE_BYTES),
        log=LogSettings(),
    )
