"""The account that a server has with its certificate authority: made when it is first needed, and kept with its key sealed.

RFC 8555 §6.7 (one that the authority does not know any more), §7.3 (accounts), §7.3.4 (those that one has with the authority already). Not here: what is asked for with it (`app.certificates.issuing`).
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from postroom import __version__
from postroom.app.settings.tls import AcmeSettings
from postroom.net.tls.acme import Account, AcmeError, Authority, External, new_account
from postroom.store.certificates import certificates
from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.vault import Unreadable, Vault

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+=*")


async def with_account(acme: AcmeSettings, engine: Engine, vault: Vault) -> Authority:
    """The authority, with an account; raises `AcmeError`."""
    found = await certificates.account(engine.reading(), acme.directory)
    try:
        url, sealed = found or ("", b"")
        account = Account(acme.directory, vault.unseal(sealed, _purpose(acme.directory)), url)
    except Unreadable:  # there is none yet, or the vault's key is another
        account = new_account(acme.directory)
        await _keep(engine, vault, account)  # before anybody hears of the key
    authority = Authority(account, f"postroom/{__version__}", acme.authorities)
    if not account.url:
        external = (
            External(acme.external_account, _external_key(acme.external_key_file))
            if acme.external_account
            else None
        )
        await _keep(engine, vault, await asyncio.to_thread(authority.register, acme.contact, external))
    return authority


async def forget(directory: str, engine: Engine) -> None:
    """The authority has answered accountDoesNotExist: with the same key the account is made anew when it is needed next."""
    found = await certificates.account(engine.reading(), directory)
    if found is not None:
        _, sealed = found
        await engine.write(
            lambda tx: certificates.put_account(tx, directory, "", sealed), Urgency.HOUSEKEEPING
        )


async def _keep(engine: Engine, vault: Vault, account: Account) -> None:
    sealed = vault.seal(account.key, _purpose(account.directory))
    await engine.write(
        lambda tx: certificates.put_account(tx, account.directory, account.url, sealed), Urgency.HOUSEKEEPING
    )


def _purpose(directory: str) -> str:
    return f"acme account {directory}"


def _external_key(path: str) -> str:
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise AcmeError(f"[acme] external_key_file: {path}: {error.strerror}") from error
    if not _BASE64URL.fullmatch(key) or len(key.rstrip(b"=")) % 4 == 1:
        raise AcmeError(
            f"[acme] external_key_file: {path} holds no key in base64url: copy it as the authority shows it"
        )
    return key.decode()
