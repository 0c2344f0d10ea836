"""Operations on the keys by which the mail of our domains is signed.

RFC 6376 §3.1, RFC 8463 §6 (RSA and Ed25519 side by side). A new key is in use when its record was seen in the DNS, or at once when that is asked for. Not
here: the chore that goes on with it (`app.chores`), DNS questions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.dkim_rotation import KeyKeeper, made, make_key, new_names
from postroom.app.dns.forms import DnsRecord, WrittenRecord, written
from postroom.app.operations.office import Office, Operation
from postroom.app.signing_terms import rotation_terms, signing_terms
from postroom.deliver.signing_keys import opened, selector_of
from postroom.mailauth.dkim.names import a_labels, key_name
from postroom.mailauth.dkim.private_key import Algorithm, BadKey, PrivateKey
from postroom.mailauth.dkim.rotation import Action, Phase, RotationTerms, Step
from postroom.mailauth.dkim.signing import sign
from postroom.message.headers.dates import format_date
from postroom.store.administration import domains
from postroom.store.directory import dkim_keys
from postroom.store.directory.dkim_keys import DkimKey
from postroom.store.directory.errors import NotFound
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.vault import Unreadable

ALGORITHMS = {
    "rsa": (Algorithm.RSA,),
    "ed25519": (Algorithm.ED25519,),
    "both": (Algorithm.RSA, Algorithm.ED25519),
}
_SECOND = 1_000_000


class ListKeys(msgspec.Struct, frozen=True):
    """Of one domain, or of all."""

    domain: str = ""


class CreateKeys(msgspec.Struct, frozen=True):
    """New keys, or the one in `pem`. `selector` "" makes a name up; `at_once`: they sign without waiting for the DNS."""

    domain: str
    algorithm: str = "both"
    selector: str = ""
    at_once: bool = False
    pem: bytes = b""


class RotateKeys(msgspec.Struct, frozen=True):
    """New keys for those in use; with `at_once` those that wait take over now."""

    domain: str
    at_once: bool = False


class NamedKey(msgspec.Struct, frozen=True):
    """Which one."""

    domain: str
    selector: str


class Sample(msgspec.Struct, frozen=True):
    """A message that all keys of a domain sign, those included that are not in use yet."""

    domain: str


class KeyRecord(msgspec.Struct, frozen=True):
    """A key. `since` is when its phase began, `until` when the next one may begin (unix seconds, 0: not by itself); `next` says what that is."""

    domain: str
    selector: str
    algorithm: str
    phase: str
    since: int
    until: int
    next: str
    dns: WrittenRecord


class SampleRecord(msgspec.Struct, frozen=True):
    """The signed message, the keys whose signatures are on it, and when that was (unix seconds)."""

    domain: str
    message: bytes
    selectors: list[str]
    now: int


def keeper(office: Office) -> KeyKeeper:
    """What makes and moves the keys of a server; raises `SettingsError`."""
    return KeyKeeper(office.engine, office.vault, rotation_terms(office.settings))


async def list_(office: Office, _: Caller, wanted: ListKeys) -> AsyncIterator[KeyRecord]:
    """Yields keys by domain and selector."""
    tx, after = office.engine.reading(), ""
    if wanted.domain:
        for record in _records(office, await _keys_of(office, wanted.domain)):
            yield record
        return
    while found := await dkim_keys.domains(tx, after):
        for domain in found:
            for record in _records(office, await dkim_keys.of(tx, domain)):
                yield record
        after = found[-1]


async def create(office: Office, _: Caller, wanted: CreateKeys) -> AsyncIterator[KeyRecord]:
    """Makes keys; yields them."""
    known = await _keys_of(office, wanted.domain)
    now = office.clock.now()
    added = await keeper(office).add(wanted.domain, await _made(wanted, known, now), now)
    if wanted.at_once:
        steps = [Step(Action.SWITCH, row.selector, Algorithm(row.algorithm)) for row in added]
        await keeper(office).take(wanted.domain, steps, now)
    names = {row.selector for row in added}
    for record in _records(office, await _keys_of(office, wanted.domain)):
        if record.selector in names:
            yield record


async def rotate(office: Office, _: Caller, wanted: RotateKeys) -> AsyncIterator[KeyRecord]:
    """Begins a rotation, or ends its waiting; yields all keys as they are then."""
    known = await _keys_of(office, wanted.domain)
    if not known:
        raise OperationError(f"{wanted.domain} has no key yet: postroom dkim create {wanted.domain}")
    now = office.clock.now()
    waiting = {Algorithm(row.algorithm): row for row in known if row.phase == Phase.PUBLISHED}
    in_use = [Algorithm(row.algorithm) for row in known if row.phase == Phase.SIGNING]
    wanting = [one for one in dict.fromkeys(in_use or ALGORITHMS["both"]) if one not in waiting]
    if wanted.at_once and waiting:
        steps = [Step(Action.SWITCH, row.selector, one) for one, row in waiting.items()]
        await keeper(office).take(wanted.domain, steps, now)
    elif wanting:
        new = new_names([selector_of(row) for row in known], wanting, now // _SECOND)
        await keeper(office).add(wanted.domain, await made(new), now)
    for record in _records(office, await _keys_of(office, wanted.domain)):
        yield record


async def retire(office: Office, _: Caller, wanted: NamedKey) -> AsyncIterator[KeyRecord]:
    """Takes a key out of use; one that is out of use already is revoked. Yields it."""
    now = office.clock.now()

    async def work(tx: Transaction) -> None:
        row = await _held(tx, wanted)
        if row.phase == Phase.REVOKED:
            raise OperationError(
                f"{row.selector} is revoked; when its record is gone: postroom dkim delete {row.domain} {row.selector}"
            )
        if row.phase != Phase.RETIRING:
            await dkim_keys.move(tx, row, Phase.RETIRING.value, now)

    found = next(
        (one for one in await _keys_of(office, wanted.domain) if one.selector == wanted.selector), None
    )
    if found is not None and found.phase == Phase.RETIRING:
        step = Step(Action.REVOKE, found.selector, Algorithm(found.algorithm))
        await keeper(office).take(wanted.domain, [step], now)
    else:
        await office.engine.write(work, Urgency.CLIENT)
    yield await _one(office, wanted)


async def delete(office: Office, _: Caller, wanted: NamedKey) -> AsyncIterator[KeyRecord]:
    """Removes a key that does not sign any more; yields what it was."""

    async def work(tx: Transaction) -> DkimKey:
        row = await _held(tx, wanted)
        if row.phase == Phase.SIGNING:
            raise OperationError(
                f"{row.selector} signs: take it out of use first, with: postroom dkim retire {row.domain} {row.selector}"
            )
        await dkim_keys.delete(tx, row)
        return row

    yield _records(office, [await office.engine.write(work, Urgency.CLIENT)])[0]


async def sample(office: Office, _: Caller, wanted: Sample) -> AsyncIterator[SampleRecord]:
    """Yields a signed message, for whoever wants to see whether others can verify it."""
    rows = [row for row in await _keys_of(office, wanted.domain) if row.secret]
    if not rows:
        raise OperationError(f"{wanted.domain} has no key yet: postroom dkim create {wanted.domain}")
    try:
        keys = [opened(row, office.vault) for row in rows]
    except Unreadable as error:
        raise OperationError(f"a key of {wanted.domain} cannot be read: {error}") from error
    now = office.clock.now() // _SECOND
    domain = keys[0].domain
    raw = (
        f"From: postmaster@{domain}\r\nTo: postmaster@{domain}\r\nSubject: A sample\r\nDate: {format_date(now)}\r\n"
        f"Message-ID: <{now}.sample@{domain}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nIs this signed?\r\n"
    ).encode()
    fields = sign(raw, keys, now, signing_terms(office.settings))
    yield SampleRecord(wanted.domain, b"".join(fields) + raw, [row.selector for row in rows], now)


async def _made(wanted: CreateKeys, known: Sequence[DkimKey], now: int) -> list[tuple[str, PrivateKey]]:
    """The names and keys that are to be added."""
    if wanted.selector and a_labels(wanted.selector) is None:
        raise OperationError(f"{wanted.selector!r} is no selector; use letters, digits and hyphens")
    if wanted.pem:
        try:
            key = PrivateKey.from_pem(wanted.pem)
        except BadKey as bad:
            raise OperationError(str(bad)) from bad
        return [(wanted.selector or _name(known, key.algorithm, now), key)]
    algorithms = ALGORITHMS.get(wanted.algorithm)
    if algorithms is None:
        raise OperationError(f"{wanted.algorithm!r} is no algorithm; use rsa, ed25519 or both")
    if wanted.selector and len(algorithms) > 1:
        raise OperationError("one selector holds one key: say which, --algorithm rsa or ed25519")
    return [(wanted.selector or _name(known, one, now), await make_key(one)) for one in algorithms]


def _name(known: Sequence[DkimKey], algorithm: Algorithm, now: int) -> str:
    (step,) = new_names([selector_of(row) for row in known], [algorithm], now // _SECOND)
    return step.selector


async def _keys_of(office: Office, domain: str) -> list[DkimKey]:
    tx = office.engine.reading()
    return await dkim_keys.of(tx, (await domains.named(tx, domain)).name)


async def _held(tx: Transaction, wanted: NamedKey) -> DkimKey:
    domain = await domains.held(tx, wanted.domain)
    found = next((row for row in await dkim_keys.of(tx, domain) if row.selector == wanted.selector), None)
    if found is None:
        raise NotFound(
            f"{domain} has no selector {wanted.selector!r}; see them with: postroom dkim list {domain}"
        )
    return found


async def _one(office: Office, wanted: NamedKey) -> KeyRecord:
    records = _records(office, await _keys_of(office, wanted.domain))
    return next(record for record in records if record.selector == wanted.selector)


def key_record(row: DkimKey) -> DnsRecord:
    """What the DNS is to have of a key."""
    domain = a_labels(row.domain) or row.domain
    why = {
        Phase.PUBLISHED: f"the {row.algorithm} key that signs next; it waits until this is there",
        Phase.SIGNING: f"the {row.algorithm} key that signs",
        Phase.RETIRING: f"the {row.algorithm} key that signed until now: mail on its way still needs it",
        Phase.REVOKED: "a key that is not good any more; it says so until it is deleted",
    }[Phase(row.phase)]
    optional = row.phase == Phase.REVOKED
    return DnsRecord(f"{key_name(row.selector, domain)}.", "TXT", row.record, why, "DKIM", domain, optional)


def _records(office: Office, rows: Sequence[DkimKey]) -> list[KeyRecord]:
    """The keys of one domain; its first ones wait for the DNS alone."""
    terms = rotation_terms(office.settings)
    if all(row.phase == Phase.PUBLISHED for row in rows):
        terms = msgspec.structs.replace(terms, wait=0)
    return [_record(row, terms) for row in rows]


def _record(row: DkimKey, terms: RotationTerms) -> KeyRecord:
    lasts, then = {
        Phase.PUBLISHED: (terms.wait, "signs when its record is found in the DNS"),
        Phase.SIGNING: (terms.life, "is replaced" if terms.life else "is replaced by: postroom dkim rotate"),
        Phase.RETIRING: (terms.overlap, "is revoked: its record gets an empty p="),
        Phase.REVOKED: (terms.keep, "is forgotten: its record may go"),
    }[Phase(row.phase)]
    since = row.since // _SECOND
    until = since + lasts if lasts else 0
    return KeyRecord(
        row.domain, row.selector, row.algorithm, row.phase, since, until, then, written(key_record(row))
    )


LIST = Operation("dkim.list", ListKeys, KeyRecord, list_, reads=True)
CREATE = Operation("dkim.create", CreateKeys, KeyRecord, create)
ROTATE = Operation("dkim.rotate", RotateKeys, KeyRecord, rotate)
RETIRE = Operation("dkim.retire", NamedKey, KeyRecord, retire)
DELETE = Operation("dkim.delete", NamedKey, KeyRecord, delete)
SAMPLE = Operation("dkim.sample", Sample, SampleRecord, sample, reads=True)
