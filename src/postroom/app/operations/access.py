"""Operations on what lets programs into an account beside its password: app passwords, bearer tokens, client certificates, one-time codes; and on
who has logged in.

App passwords and tokens are random, shown once, and kept as SHA-256. RFC 6238 (codes: enrolled, then confirmed by a first code, then wanted). Not here:
the login (`store.login.login`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation, own_address
from postroom.message.address import Address, parse_mailbox
from postroom.store.administration import accounts
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.identity import app_passwords, client_certificates, credentials, tokens
from postroom.store.identity.app_passwords import MOST_LABEL, PROTOCOLS, is_label
from postroom.store.identity.client_certificates import ClientCertificate
from postroom.store.identity.credentials import Credential
from postroom.store.identity.tokens import Token
from postroom.store.login import history as logins
from postroom.store.login import one_time_codes, totp

LISTED_LOGINS = 200  # unless more are asked for
MOST_LISTED_LOGINS = 2000  # kinds of logins in one listing


class NewKey(msgspec.Struct, frozen=True):
    """An app password or token to be: what it is called, the protocols it is for ([] all), microseconds until it expires (0: never)."""

    address: str
    label: str
    scopes: list[str] = []
    lasts: int = 0


class NamedKey(msgspec.Struct, frozen=True):
    """Which one of an account: by its id, or its label where only one has it."""

    address: str
    key: str


class OfAccount(msgspec.Struct, frozen=True):
    """Of which account."""

    address: str


class KeyRecord(msgspec.Struct, frozen=True):
    """An app password or token. Times are unix microseconds, 0 is never. `secret` is told once, when it is made."""

    address: str
    id: str
    label: str
    scopes: list[str]
    created: int
    expires: int
    last_used: int
    secret: str = ""


class NewCertificate(msgspec.Struct, frozen=True):
    """Whom a client certificate lets in: `sha256:` and its fingerprint, or `email:` and an address that stands in it."""

    address: str
    identity: str
    label: str = ""


class CertificateIdentity(msgspec.Struct, frozen=True):
    """An identity that lets an account in."""

    address: str
    identity: str
    label: str
    created: int


class NewTotp(msgspec.Struct, frozen=True):
    """One-time codes; with `web_only` the password alone is still enough for mail programs."""

    address: str
    web_only: bool = False


class TotpCode(msgspec.Struct, frozen=True):
    """A code, to confirm the enrolment."""

    address: str
    code: str


class TotpRecord(msgspec.Struct, frozen=True):
    """How an account stands: `state` is off, unconfirmed or on. Secret and URI are told once, when it is enrolled."""

    address: str
    state: str
    web_only: bool = False
    secret: str = ""
    uri: str = ""


class WantedLogins(msgspec.Struct, frozen=True):
    """Of which account, and how many kinds."""

    address: str
    limit: int = LISTED_LOGINS


class LoginRecord(msgspec.Struct, frozen=True):
    """All logins alike of a day (UTC); times are unix microseconds."""

    address: str
    protocol: str
    ip: str
    method: str
    label: str
    good: bool
    times: int
    first: int
    last: int


# ------------------------------------------------------------------------------------------------------ app passwords, tokens


async def create_app_password(office: Office, _: Caller, new: NewKey) -> AsyncIterator[KeyRecord]:
    """Makes an app password; yields it with its secret."""
    who, scopes = await own_address(office.engine.reading(), new.address), _checked(new)
    secret, now = app_passwords.new_secret(), office.clock.now()
    kept = await office.passwords.scram(secret.encode(), who.key, office.vault)
    made = app_passwords.credential(secret, office.ids.next(), new.label, now)
    made = msgspec.structs.replace(made, scopes=scopes, expires=_expiry(new, now), scram=kept)

    async def work(tx: Transaction) -> None:
        found = await accounts.get(tx, who)
        await app_passwords.put(tx, found.account_id, made)

    await office.engine.write(work, Urgency.CLIENT)
    yield msgspec.structs.replace(_app_password(who, made), secret=secret)


async def list_app_passwords(office: Office, _: Caller, wanted: OfAccount) -> AsyncIterator[KeyRecord]:
    """Yields them, oldest first."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    found = await accounts.get(tx, who)
    for one in await app_passwords.of_account(tx, found.account_id):
        yield _app_password(who, one)


async def delete_app_password(office: Office, _: Caller, old: NamedKey) -> AsyncIterator[KeyRecord]:
    """Takes one away; yields what it was."""
    who = await own_address(office.engine.reading(), old.address)

    async def work(tx: Transaction) -> KeyRecord:
        found = await accounts.get(tx, who)
        there = [_app_password(who, one) for one in await app_passwords.of_account(tx, found.account_id)]
        record = named(there, old)
        await credentials.remove(tx, found.account_id, int(record.id))
        return record

    yield await office.engine.write(work, Urgency.CLIENT)


async def create_token(office: Office, _: Caller, new: NewKey) -> AsyncIterator[KeyRecord]:
    """Gives out a bearer token; yields it with its secret."""
    who, scopes = await own_address(office.engine.reading(), new.address), _checked(new)
    now = office.clock.now()
    account_id = (await accounts.get(office.engine.reading(), who)).account_id
    text, token_hash = tokens.new_token(account_id)
    made = Token(account_id, token_hash, new.label, scopes, now, _expiry(new, now))
    await office.engine.write(lambda tx: tokens.put(tx, made), Urgency.CLIENT)
    yield msgspec.structs.replace(_token(who, made), secret=text)


async def list_tokens(office: Office, _: Caller, wanted: OfAccount) -> AsyncIterator[KeyRecord]:
    """Yields them, oldest first."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    found = await accounts.get(tx, who)
    for one in await _made_by_hand(tx, found.account_id):
        yield _token(who, one)


async def delete_token(office: Office, _: Caller, old: NamedKey) -> AsyncIterator[KeyRecord]:
    """Revokes one; yields what it was."""
    who = await own_address(office.engine.reading(), old.address)

    async def work(tx: Transaction) -> KeyRecord:
        found = await accounts.get(tx, who)
        there = {_token(who, one).id: one for one in await _made_by_hand(tx, found.account_id)}
        record = named([_token(who, one) for one in there.values()], old)
        await tokens.revoke(tx, found.account_id, there[record.id].token_hash)
        return record

    yield await office.engine.write(work, Urgency.CLIENT)


def _checked(new: NewKey) -> tuple[str, ...]:
    unknown = [scope for scope in new.scopes if scope not in PROTOCOLS]
    if unknown:
        raise OperationError(f"{unknown[0]!r} is not a protocol here: {', '.join(PROTOCOLS)}")
    if not is_label(new.label):
        raise OperationError(f"it needs a name of 1 to {MOST_LABEL} characters, such as the program's")
    if new.lasts < 0:
        raise OperationError("it cannot expire before it is made; 0 is never")
    return tuple(dict.fromkeys(new.scopes))


def _expiry(new: NewKey, now: int) -> int:
    return now + new.lasts if new.lasts else 0


def named(there: list[KeyRecord], old: NamedKey) -> KeyRecord:
    """The one that is meant; raises `OperationError` when none is, or several are."""
    found = [one for one in there if one.id == old.key] or [one for one in there if one.label == old.key]
    if len(found) != 1:
        what = "more than one is called" if found else "there is none called"
        names = ", ".join(f"{one.label} ({one.id})" for one in there) or "none"
        raise OperationError(f"{what} {old.key!r}; there are: {names}")
    return found[0]


def _app_password(who: Address, one: Credential) -> KeyRecord:
    return KeyRecord(
        str(who),
        str(one.credential_id),
        one.label,
        list(one.scopes),
        one.created,
        one.expires,
        one.last_used,
    )


async def _made_by_hand(tx: Transaction, account_id: int) -> list[Token]:
    """Those of grants come and go with them (`operations.grants`)."""
    return [one for one in await tokens.of_account(tx, account_id) if not one.grant_id]


def _token(who: Address, one: Token) -> KeyRecord:
    number = one.token_hash[:6].hex()
    return KeyRecord(str(who), number, one.label, list(one.scopes), one.created, one.expires, one.last_used)


# ----------------------------------------------------------------------------------------------------- client certificates


async def add_certificate(
    office: Office, _: Caller, new: NewCertificate
) -> AsyncIterator[CertificateIdentity]:
    """Lets an account in by a client certificate."""
    identity = _identity(new.identity)
    who = await own_address(office.engine.reading(), new.address)
    now = office.clock.now()

    async def work(tx: Transaction) -> None:
        found = await accounts.get(tx, who)
        one = ClientCertificate(identity, found.account_id, new.label[:MOST_LABEL], now)
        await client_certificates.put(tx, one)

    await office.engine.write(work, Urgency.CLIENT)
    yield CertificateIdentity(str(who), identity, new.label[:MOST_LABEL], now)


async def list_certificates(
    office: Office, _: Caller, wanted: OfAccount
) -> AsyncIterator[CertificateIdentity]:
    """Yields what lets an account in."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    found = await accounts.get(tx, who)
    for one in await client_certificates.of_account(tx, found.account_id):
        yield CertificateIdentity(str(who), one.identity, one.label, one.created)


async def delete_certificate(
    office: Office, _: Caller, old: NewCertificate
) -> AsyncIterator[CertificateIdentity]:
    """Takes one away."""
    identity = _identity(old.identity)
    who = await own_address(office.engine.reading(), old.address)

    async def work(tx: Transaction) -> None:
        found = await accounts.get(tx, who)
        if not await client_certificates.remove(tx, found.account_id, identity):
            raise OperationError(f"{identity} does not let {who} in")

    await office.engine.write(work, Urgency.CLIENT)
    yield CertificateIdentity(str(who), identity, "", 0)


def _identity(text: str) -> str:
    kind, _, value = text.strip().lower().partition(":")
    digits = value.replace(":", "")
    if kind == "sha256" and len(digits) == 64 and not digits.strip("0123456789abcdef"):
        return f"sha256:{digits}"
    if kind == "email" and (mailbox := parse_mailbox(value)) is not None and mailbox.domain:
        return f"email:{mailbox.key}"
    raise OperationError(
        f"{text!r} is no identity: sha256:FINGERPRINT (64 hexadecimal digits) or email:ADDRESS"
    )


# -------------------------------------------------------------------------------------------------------- one-time codes


async def enrol_totp(office: Office, _: Caller, new: NewTotp) -> AsyncIterator[TotpRecord]:
    """Makes a secret for one-time codes; nothing is asked for until a first code has confirmed it."""
    who, secret = await own_address(office.engine.reading(), new.address), totp.new_secret()
    now = office.clock.now()

    async def work(tx: Transaction) -> None:
        found = await accounts.get(tx, who)
        one = one_time_codes.Enrolment(office.ids.next(), secret, now, new.web_only)
        await one_time_codes.enrol(tx, office.vault, found.account_id, one)

    await office.engine.write(work, Urgency.CLIENT)
    link = totp.uri(secret, str(who), office.settings.server.domain or office.settings.server.hostname)
    yield TotpRecord(str(who), "unconfirmed", new.web_only, totp.shown(secret), link)


async def confirm_totp(office: Office, _: Caller, given: TotpCode) -> AsyncIterator[TotpRecord]:
    """Has codes asked for from now on, when the first one is right."""
    who = await own_address(office.engine.reading(), given.address)
    now = office.clock.now()

    async def work(tx: Transaction) -> TotpRecord:
        found = await accounts.get(tx, who)
        first = one_time_codes.First(office.ids.next(), given.code, now)
        standing = await one_time_codes.confirm(tx, office.vault, found.account_id, first)
        return TotpRecord(str(who), standing.state, standing.web_only)

    yield await office.engine.write(work, Urgency.CLIENT)


async def show_totp(office: Office, _: Caller, wanted: OfAccount) -> AsyncIterator[TotpRecord]:
    """Yields how an account stands."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    standing = await one_time_codes.standing(tx, (await accounts.get(tx, who)).account_id)
    yield TotpRecord(str(who), standing.state, standing.web_only)


async def end_totp(office: Office, _: Caller, old: OfAccount) -> AsyncIterator[TotpRecord]:
    """The password alone is enough again."""
    who = await own_address(office.engine.reading(), old.address)

    async def work(tx: Transaction) -> None:
        await one_time_codes.end(tx, (await accounts.get(tx, who)).account_id)

    await office.engine.write(work, Urgency.CLIENT)
    yield TotpRecord(str(who), "off")


# ------------------------------------------------------------------------------------------------------------ the history


async def list_logins(office: Office, _: Caller, wanted: WantedLogins) -> AsyncIterator[LoginRecord]:
    """Yields who has logged in or tried, the latest first."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    await office.write_history()
    account_id = (await accounts.get(tx, who)).account_id
    for one in await logins.listing(tx, account_id, max(1, min(wanted.limit, MOST_LISTED_LOGINS))):
        yield LoginRecord(
            str(who), one.protocol, one.ip, one.method, one.label, one.good, one.times, one.first, one.last
        )


CREATE_APP_PASSWORD = Operation("app-password.create", NewKey, KeyRecord, create_app_password)
LIST_APP_PASSWORDS = Operation("app-password.list", OfAccount, KeyRecord, list_app_passwords, reads=True)
DELETE_APP_PASSWORD = Operation("app-password.delete", NamedKey, KeyRecord, delete_app_password)
CREATE_TOKEN = Operation("token.create", NewKey, KeyRecord, create_token)
LIST_TOKENS = Operation("token.list", OfAccount, KeyRecord, list_tokens, reads=True)
DELETE_TOKEN = Operation("token.delete", NamedKey, KeyRecord, delete_token)
ADD_CERTIFICATE = Operation("client-certificate.add", NewCertificate, CertificateIdentity, add_certificate)
LIST_CERTIFICATES = Operation(
    "client-certificate.list", OfAccount, CertificateIdentity, list_certificates, reads=True
)
DELETE_CERTIFICATE = Operation(
    "client-certificate.delete", NewCertificate, CertificateIdentity, delete_certificate
)
ENROL_TOTP = Operation("totp.enrol", NewTotp, TotpRecord, enrol_totp)
CONFIRM_TOTP = Operation("totp.confirm", TotpCode, TotpRecord, confirm_totp)
SHOW_TOTP = Operation("totp.show", OfAccount, TotpRecord, show_totp, reads=True)
END_TOTP = Operation("totp.off", OfAccount, TotpRecord, end_totp)
LOGINS = Operation("account.logins", WantedLogins, LoginRecord, list_logins, reads=True)
ALL = (
    CREATE_APP_PASSWORD,
    LIST_APP_PASSWORDS,
    DELETE_APP_PASSWORD,
    CREATE_TOKEN,
    LIST_TOKENS,
    DELETE_TOKEN,
    ADD_CERTIFICATE,
    LIST_CERTIFICATES,
    DELETE_CERTIFICATE,
    ENROL_TOTP,
    CONFIRM_TOTP,
    SHOW_TOTP,
    END_TOTP,
    LOGINS,
)
