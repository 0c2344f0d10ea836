"""Messages to the push services that clients have named: a code at first, and then what changes (RFC 8620 §7.2).

One process of a server does it, which looks now and then who is to be told. A push service is anybody's host, so it gets nothing but one small POST
at a time, less often the more it refuses (§8.6). RFC 8030 §5 (TTL, Urgency), RFC 8291 and 8292 (`proto.jmap.webpush`), RFC 9749 §4. Not here: which
addresses may be connected to (`net.public_addresses`), and HTTPS.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from postroom.proto.http.client import Request, Response
from postroom.proto.jmap import ijson, webpush
from postroom.proto.jmap.push import read_position, state_change
from postroom.serve.jmap.methods.call import JmapService, Visitor
from postroom.serve.jmap.push.watching import Watch
from postroom.store.engine.transaction import Urgency
from postroom.store.records import push_subscriptions
from postroom.store.records.push_subscriptions import Kept, Standing
from postroom.store.records.records import NoSuchRecord
from postroom.wire.numbers import decimal

LOOK_SECONDS: Final = 5.0  # between two looks who is to be told
STALE: Final = 60_000_000  # microseconds after the last look: another process pushes now
TTL: Final = 86_400  # seconds that a push service keeps a message
MAX_ANSWER: Final = 16_384  # octets of a push service's response
PER_HOUR: Final = 30  # subscriptions that one account may make
HOUR: Final = 3_600_000_000  # microseconds
BACK_OFF: Final = (5.0, 3_600.0)  # seconds until the second attempt, and the most between two
MAX_ACCOUNTS: Final = (
    50  # that one message tells of; with more, and without encryption, there would be no bound
)
GONE: Final = frozenset((404, 410))  # RFC 8030 §7.3
USELESS: Final = frozenset((400, 413))  # the same message would be refused again

Post = Callable[[Request], Awaitable[Response]]  # raises OSError
States = dict[str, dict[str, str]]


class Sender(msgspec.Struct, frozen=True):
    """What a POST is made with. `contact` is where a push service's operator may complain; `now` gives unix microseconds."""

    post: Post
    key: ec.EllipticCurvePrivateKey
    contact: str
    now: Callable[[], int]

    async def send(self, kept: Kept, told: Any) -> Response:
        """One message. Raises OSError."""
        parts = urlsplit(kept.url)
        host, body = parts.hostname or "", ijson.encode(told)
        token = webpush.vapid(self.key, f"https://{host}", self.contact, self.now() // 1_000_000)
        fields = [
            ("Content-Type", "application/json"),
            ("TTL", str(TTL)),
            ("Urgency", "normal"),
            ("Authorization", token),
        ]
        if kept.p256dh:
            to = webpush.client_keys(kept.p256dh, kept.auth)
            once = ec.generate_private_key(ec.SECP256R1())
            body = webpush.encrypt(body, to, once, os.urandom(webpush.SALT))
            fields.append(("Content-Encoding", "aes128gcm"))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return await self.post(Request(host, target, MAX_ANSWER, "POST", tuple(fields), body))


class Pusher:
    """All of a process. `service` is the one that its JMAP has; `look` is called every `LOOK_SECONDS` where it is to push, `close` at the end."""

    def __init__(self, service: Callable[[], JmapService], sender: Sender) -> None:
        self._service = service
        self._sender = sender
        self._serving: dict[tuple[int, int], tuple[Kept, asyncio.Task[None]]] = {}
        self._heard: dict[tuple[int, int], str] = {}  # up to where each subscription has been told
        self._noted: dict[tuple[int, int], str] = {}  # ... as far as the store knows
        self._verifying: set[asyncio.Task[None]] = set()
        self._made: dict[int, deque[int]] = {}
        self._looked = 0

    @property
    def key(self) -> str:
        """The public key, as the session object has it."""
        return webpush.text(webpush.public_octets(self._sender.key))

    @property
    def accounts(self) -> Collection[int]:
        """Who is told by push services."""
        return {account_id for account_id, _ in self._serving}

    def may_create(self, account_id: int) -> bool:
        """Whether an account may make one more subscription in this hour; it is counted then."""
        now = self._sender.now()
        for other in [key for key, times in self._made.items() if times[-1] <= now - HOUR]:
            del self._made[other]
        made = self._made.setdefault(account_id, deque())
        while made and made[0] <= now - HOUR:
            made.popleft()
        made.append(now)
        if len(made) > PER_HOUR:
            made.pop()
            return False
        return True

    def verify(self, subscription_id: str, kept: Kept) -> None:
        """Sends the code, once: a client that does not get it makes another subscription."""
        told = {
            "@type": "PushVerification",
            "pushSubscriptionId": subscription_id,
            "verificationCode": kept.code,
        }
        task = asyncio.get_running_loop().create_task(self._verify(kept, told))
        self._verifying.add(task)
        task.add_done_callback(self._verifying.discard)

    async def look(self) -> bool:
        """Begins with those that are new, ends those that are gone, and forgets what has expired or lost its credential."""
        there: dict[tuple[int, int], Standing] = {}
        after, now = (-1, -1), self._sender.now()
        self._looked = now
        reading = self._service().store.engine.reading()
        while found := await push_subscriptions.standing(reading, after):
            after = found[-1].account_id, found[-1].record_id
            for one in found:
                if not one.valid or one.kept.ended(now):
                    await self._end(one)
                elif one.kept.verified:
                    there[one.account_id, one.record_id] = one
        await self._begin(there)
        await self._note()
        return False

    async def _begin(self, there: Mapping[tuple[int, int], Standing]) -> None:
        """Serves these and no others."""
        for key, (kept, task) in list(self._serving.items()):
            if key not in there or _terms(there[key].kept) != kept or task.done():
                await _stopped(task)
                del self._serving[key]
                if key not in there:
                    self._heard.pop(key, None)
                    self._noted.pop(key, None)
        for key, one in there.items():
            if key not in self._serving:
                self._noted[key] = one.kept.heard
                task = asyncio.get_running_loop().create_task(self._serve(one))
                self._serving[key] = _terms(one.kept), task

    async def _note(self) -> None:
        """Keeps up to where all were told: what changes from there on is told by whoever pushes next, after a restart, too."""
        engine = self._service().store.engine
        for key, heard in list(self._heard.items()):
            if heard != self._noted.get(key):
                work = partial(push_subscriptions.note, account_id=key[0], record_id=key[1], heard=heard)
                await engine.write(work, Urgency.HOUSEKEEPING)
                self._noted[key] = heard

    async def close(self) -> None:
        """Sends nothing more."""
        tasks = [task for _, task in self._serving.values()]
        self._serving.clear()
        await _stopped(*tasks, *self._verifying)
        try:
            await self._note()
        except Exception as error:  # noqa: BLE001 - told; what was sent since the last look is told again
            self._service().tell(error)

    async def _verify(self, kept: Kept, told: Any) -> None:
        try:
            await self._sender.send(kept, told)
        except OSError:
            pass  # nobody was waiting there; the client sees that nothing comes
        except Exception as error:  # noqa: BLE001 - told
            self._service().tell(error)

    async def _serve(self, one: Standing) -> None:
        """Tells one subscription what changes, until it ends; one that was changed goes on where it was. What changes while a push service is not to be reached is told together."""
        key = (one.account_id, one.record_id)
        heard = self._heard.get(key) or one.kept.heard
        types = None if one.kept.types is None else frozenset(one.kept.types)
        visitor = Visitor(one.account_id, one.address, credential=one.kept.credential)
        watch = Watch(self._service(), visitor, types)
        try:
            await watch.begin(read_position(heard) if heard else None)
            self._heard.setdefault(key, watch.at)
            while (news := await watch.news()) is not None:
                if not await self._deliver(one, watch, news.changed):
                    return
                self._heard[key] = watch.at
        except Exception as error:  # noqa: BLE001 - told; the next look begins again
            self._service().tell(error)
        finally:
            watch.close()

    async def _deliver(self, one: Standing, watch: Watch, waiting: States) -> bool:
        """Sends what waits, however often it takes; False when the subscription is no more."""
        pause = BACK_OFF[0]
        while waiting:
            now = self._sender.now()
            if one.kept.ended(now) or now - self._looked > STALE:
                return False
            part, rest = _part(waiting, encrypted=bool(one.kept.p256dh))
            status, asked = await self._attempt(one.kept, part)
            if status in GONE:
                await self._end(one)
                return False
            if 200 <= status < 300 or status in USELESS:
                waiting, pause = rest, BACK_OFF[0]
                continue
            await asyncio.sleep(min(max(pause, asked), BACK_OFF[1]))
            pause = min(2 * pause, BACK_OFF[1])
            waiting = _joined(waiting, await _more(watch))
        return True

    async def _attempt(self, kept: Kept, part: States) -> tuple[int, float]:
        """The status of the response, 0 for none, and the seconds that the service wants to have peace."""
        try:
            response = await self._sender.send(kept, state_change(part))
        except OSError:
            return 0, 0.0
        after = response.fields.get("retry-after", "")
        return response.status, float(decimal(after, 6) or 0)

    async def _end(self, one: Standing) -> None:
        engine, now = self._service().store.engine, self._sender.now()
        try:
            await engine.write(lambda tx: push_subscriptions.end(tx, one.account_id, one.record_id, now))
        except NoSuchRecord:
            pass  # its client was quicker


def _terms(kept: Kept) -> Kept:
    """What its client has set, without how far it has come."""
    return msgspec.structs.replace(kept, heard="")


def _part(waiting: States, *, encrypted: bool) -> tuple[States, States]:
    """As much as fits in one message, and the rest."""
    part: States = {}
    for account_id, types in waiting.items():
        more = {**part, account_id: types}
        if part and (
            len(more) > MAX_ACCOUNTS
            or (encrypted and len(ijson.encode(state_change(more))) > webpush.MAX_PLAIN)
        ):
            break
        part = more
    return part, {key: types for key, types in waiting.items() if key not in part}


def _joined(first: States, then: States) -> States:
    return {key: {**first.get(key, {}), **then.get(key, {})} for key in [*first, *then]}


async def _more(watch: Watch) -> States:
    """What has changed meanwhile."""
    try:
        news = await asyncio.wait_for(watch.news(), 0.1)
    except TimeoutError:
        return {}
    return {} if news is None else news.changed


async def _stopped(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
