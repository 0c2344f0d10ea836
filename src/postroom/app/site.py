"""HTTP as one server has it: the guard, the small doors, and the applications that are mounted beside them.

RFC 9110. A further application (an ASGI callable) is a row of `mounts`. Not here: sockets (`app.services`), pages (`web`), HTTP itself (`net.http`).
This module is imported when HTTP is served and not before: mail need not wait for it at the start.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from postroom.app.authenticating import identity
from postroom.app.building import Authorities, home_domain
from postroom.app.housekeeping import Chore, Whose
from postroom.app.own_policy import own_policy
from postroom.app.parts import Parts
from postroom.app.settings.file import Settings
from postroom.app.surroundings import Surroundings
from postroom.message.headers.unsubscribing import ONE_CLICK
from postroom.message.journey.events import Hop
from postroom.net.http import HttpService, HttpSession
from postroom.net.https import NotFetched, Web
from postroom.net.pictures import PICTURE_SECONDS, Picture, Pictures
from postroom.net.posts import POST_SECONDS, post_form
from postroom.net.public_addresses import is_public
from postroom.net.tls.certificates import CertificateError
from postroom.proto.http.client import Request, Response
from postroom.proto.http.picture_addresses import Wanted, sign
from postroom.proto.jmap.webpush import server_key
from postroom.proto.sasl.exchange import Discovery
from postroom.serve.jmap.http.http import JmapApp
from postroom.serve.jmap.http.resources import jmap_app
from postroom.serve.jmap.methods.account_keys import AccountKeys, Program
from postroom.serve.jmap.methods.call import JmapService
from postroom.serve.jmap.methods.post import Post
from postroom.serve.jmap.methods.sessions import PREFIX, SESSION, WELL_KNOWN
from postroom.serve.jmap.push.pushing import LOOK_SECONDS, Pusher, Sender
from postroom.serve.jmap.submission.following import FOLLOW_SECONDS, Following
from postroom.serve.standing import Standing
from postroom.store.certificates import acme_challenges
from postroom.store.directory import lookup as directory
from postroom.store.search.wordbook import IndexWordbook
from postroom.web.browsers import Browsers
from postroom.web.doors import THUNDERBIRD, Facts, doors
from postroom.web.guard import Guard, Mount, Rules
from postroom.web.hosts import Hosts
from postroom.web.mail_app import mail_app
from postroom.web.oauth import doors as oauth
from postroom.web.oauth.granting import Issuing
from postroom.web.oauth.scopes import MAIL
from postroom.web.pictures import MOUNTED, PictureDoor
from postroom.web.services import Offers, offers_of
from postroom.web.sign_in import Keys
from postroom.web.static_files import PREFIX as WEB_MAIL

PUSH_SECONDS = 30.0  # for one POST to a push service

PICTURES: Final = "addresses of pictures"  # what their key is derived for
HTTP: Final = 80
HTTPS: Final = 443  # where it stands unless a URL says otherwise (RFC 9110 §4.2.2)


class Behind(msgspec.Struct, frozen=True):
    """What a site has from the listeners: `ports` where each service listens, as soon as that is known; `post` the door for what its users send,
    `note` takes hops for the journey of an account's email, `standing` knows of all sessions."""

    ports: Mapping[str, int]
    post: Post
    on_error: Callable[[BaseException], None]
    note: Callable[[int, int, Hop], None] | None = None
    standing: Standing = msgspec.field(default_factory=Standing)


class Site:
    """The web of one server."""

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        parts: Parts,
        behind: Behind,
    ) -> None:
        self._settings = settings
        self._world = world
        self._parts = parts
        self._ports = behind.ports
        server = settings.server
        own = {server.hostname, *settings.web.names, *settings.listen.addresses}
        hosts = Hosts(frozenset(name.lower() for name in own), self._is_ours)
        browsers = Browsers(parts.store.engine, world.clock.now)
        issuing = Issuing(parts.store.engine, parts.vault, parts.node.ids.next, world.clock.now)
        facts = Facts(
            hosts,
            self._offers,
            lambda _: own_policy(settings),
            self._challenge,
            oauth.routes(issuing, parts.login, browsers),
        )
        rules = Rules(
            hosts.hears, lambda: self._ports.get("https", 0), world.clock.now, loopback_plain=world.open_house
        )
        self._jmap = _jmap(world, parts, behind)
        self._jmap.service.browsers = browsers
        self._jmap.service.check_disk = parts.room.check_disk
        self._jmap.service.names = frozenset({server.hostname, identity(settings)})
        self._jmap.service.leave = leaving(settings, world)
        self._jmap.service.keys = AccountKeys(
            parts.passwords,
            parts.vault,
            server.domain or server.hostname,
            parts.login.write_history,
            self._programs,
        )
        if world.meddling is not None:
            self._jmap.service.before = world.meddling.method
        self._jmap.service.lists_domain = settings.mailboxes.list_domain
        self._pusher = self._jmap.service.push = Pusher(
            lambda: self._jmap.service, _sender(settings, world, parts)
        )
        self._following = Following(lambda: self._jmap.service, lambda: self._pusher.accounts)
        rest = doors(facts)
        mail = mail_app(browsers, Keys(parts.login, parts.vault, world.clock.now), parts.store)
        further = (Mount(THUNDERBIRD, rest), Mount(WEB_MAIL, mail))
        pictures = _pictures(settings, world, parts)
        guard = Guard(rules, (Mount(MOUNTED, pictures), *mounts(self._jmap), *further), rest)
        meddling = world.meddling
        heard = guard if meddling is None else meddling.web(guard)
        self._service = HttpService(heard, world.clock.monotonic, behind.on_error)

    def session(self) -> HttpSession:
        """For a connection that has come."""
        return HttpSession(self._service)

    def chores(self) -> list[Chore]:
        """What is to be done from time to time."""
        return [
            Chore("push", LOOK_SECONDS, self._pusher.look, Whose.STORE),
            Chore("submissions", FOLLOW_SECONDS, self._following.look),
        ]

    def dismiss(self) -> None:
        """Ends what would go on for ever: push to those who listen."""
        self._jmap.close()

    def jmap_session(self) -> str:
        """The URL of JMAP's Session resource; "" while HTTPS is not served."""
        origin = self._origin()
        return f"{origin}{SESSION}" if origin else ""

    def discovery(self) -> Discovery:
        """Where programs learn how to get a token (RFC 7628 §3.2.2, RFC 8414 §3); nowhere while HTTPS is not served."""
        origin = self._origin()
        return Discovery(f"{origin}{oauth.METADATA}", MAIL) if origin else Discovery()

    def _origin(self) -> str:
        port = self._ports.get("https", 0)
        return f"https://{self._settings.server.hostname}" + f":{port}" * (port != HTTPS) if port else ""

    async def stop(self) -> None:
        """Ends what applications still do."""
        await self._pusher.close()
        await self._service.stop()

    async def _is_ours(self, domain: str) -> bool:
        return await directory.domain(self._parts.store.engine.reading(), domain) is not None

    async def _challenge(self, token: str) -> str | None:
        return await acme_challenges.answer(
            self._parts.store.engine.reading(), token, self._world.clock.now()
        )

    def _offers(self) -> Offers:
        return offers_of(self._settings.server.hostname, dict(self._ports))

    def _programs(self) -> list[Program]:
        offers = self._offers()
        return [
            Program(one.protocol, one.host, one.port, one.tls) for one in (*offers.incoming, *offers.outgoing)
        ]


def mounts(jmap: JmapApp) -> tuple[Mount, ...]:
    """The applications of a server beside the small doors, the most particular path first. JMAP bounds bodies itself, and names the limit (RFC 8620 §3.6.1)."""
    return (Mount(WELL_KNOWN, jmap), Mount(PREFIX, jmap, sys.maxsize))


def _jmap(world: Surroundings, parts: Parts, behind: Behind) -> JmapApp:
    return jmap_app(
        JmapService(
            parts.login,
            parts.store,
            parts.node.ids,
            world.clock.now,
            behind.on_error,
            lambda: secrets.token_hex(12),
            wordbook=IndexWordbook(parts.store.engine, parts.index),
            post=behind.post,
            picture_address=_signing(parts, world),
            note=behind.note,
            standing=behind.standing,
        )
    )


def _signing(parts: Parts, world: Surroundings) -> Callable[[int, str], str]:
    key = parts.vault.derive(PICTURES)
    return lambda account_id, url: sign(key, Wanted(account_id, url), world.clock.now() // 1_000_000)


def _pictures(settings: Settings, world: Surroundings, parts: Parts) -> PictureDoor:
    """Pictures of hosts that strangers have named: none but public addresses are connected to, save in a lab, where there are no others."""
    context = Authorities(settings, world).context
    allowed = (lambda _ip: True) if world.open_house else is_public
    web = Web(world.resolver, context, world.https_port_of, world.source, PICTURE_SECONDS, allowed)
    plain = Web(world.resolver, None, lambda _ip: HTTP, world.source, PICTURE_SECONDS, allowed)
    key = parts.vault.derive(PICTURES)
    pictures = Pictures(web, plain)

    async def fetch(url: str, account_id: int) -> Picture:
        try:
            return await pictures.fetch(url, account_id)
        except CertificateError as error:
            raise NotFetched(str(error)) from error

    return PictureDoor(key, lambda: world.clock.now() // 1_000_000, fetch)


def leaving(settings: Settings, world: Surroundings) -> Callable[[str], Awaitable[int]]:
    """POSTs that leave mailing lists: to public addresses alone, save in a lab."""
    context = Authorities(settings, world).context
    allowed = (lambda _ip: True) if world.open_house else is_public
    web = Web(world.resolver, context, world.https_port_of, world.source, POST_SECONDS, allowed)

    async def post(url: str) -> int:
        try:
            return await post_form(web, url, ONE_CLICK.encode())
        except (NotFetched, CertificateError) as error:
            raise OSError(str(error)) from error

    return post


def _sender(settings: Settings, world: Surroundings, parts: Parts) -> Sender:
    """POSTs to push services, anybody's hosts: none but public addresses are connected to, and nothing is followed."""
    context = Authorities(settings, world).context
    web = Web(world.resolver, context, world.https_port_of, world.source, PUSH_SECONDS, is_public)

    async def post(request: Request) -> Response:
        try:
            return await web.ask(request)
        except (NotFetched, CertificateError) as error:
            raise OSError(str(error)) from error

    key = server_key(parts.vault.derive("VAPID key"))
    return Sender(post, key, f"mailto:postmaster@{home_domain(settings)}", world.clock.now)
