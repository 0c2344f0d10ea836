"""Settings become parts: routes, certificates and services, with errors that name the key."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from authority import Issued
from postroom.app import building
from postroom.app.settings.file import Settings, SettingsError, parse
from postroom.app.settings.queue import RouteSettings
from postroom.deliver.routes import route_of
from postroom.deliver.turning import fetched
from postroom.net.clock import MovableClock
from postroom.proto.smtp.client_events import TlsUse
from postroom.store.store import StoreSettings

NOW = 1_750_000_000_000_000


def test_a_smarthost_with_a_login_is_verified(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("secret\n")
    settings = parse(
        f'[routes."*"]\nhost = "smart.test"\nport = 587\ntls = "required"\nusername = "u"\npassword_file = "{tmp_path}/pw"'
    )
    route = building.routes(settings)["*"]
    assert (route.host, route.port, route.tls, route.verify) == ("smart.test", 587, TlsUse.REQUIRED, True)
    assert route.account is not None
    assert (route.account.name, route.account.password) == ("u", "secret")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('tls = "maybe"', "opportunistic"),
        ('username = "u"\npassword_file = "/none"', "password_file"),
    ],
)
def test_a_route_that_cannot_be_names_its_key(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        building.routes(parse(f'[routes."x.test"]\nhost = "y"\n{text}'))


def test_an_administrator_whom_no_mail_would_reach_is_refused() -> None:
    assert building.rules(parse("")).administrator is None
    with pytest.raises(SettingsError, match=r"\[server\] administrator = \"the boss\": write an address"):
        building.rules(parse('[server]\nadministrator = "the boss"'))


def test_certificates_without_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="one key for each"):
        building.server_tls(parse('[tls]\ncertificates = ["a.pem"]'), tmp_path, NOW)


def test_self_signed_certificates_are_made_once(tmp_path: Path) -> None:
    settings = parse('[server]\nhostname = "mail.l.test"')
    building.server_tls(settings, tmp_path, NOW)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    building.server_tls(settings, tmp_path, NOW)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == made


def test_the_home_domain_is_the_hostname_unless_said() -> None:
    assert building.home_domain(parse('[server]\nhostname = "h.test"')) == "h.test"
    assert building.home_domain(parse('[server]\nhostname = "h.test"\ndomain = "d.test"')) == "d.test"


def test_a_domain_whose_mail_is_fetched_has_no_host() -> None:
    routes = {"customer.test": RouteSettings(turn_for="bob@l.test"), "r.test": RouteSettings("mx.r.test")}
    assert fetched(building.routes(Settings(routes=routes))) == {"customer.test"}


@pytest.mark.parametrize(
    ("domain", "route"),
    [
        ("r.test", RouteSettings()),
        ("r.test", RouteSettings("mx.r.test", turn_for="bob@l.test")),
        ("*", RouteSettings(turn_for="bob@l.test")),
    ],
)
def test_a_route_leads_somewhere_and_to_one_place(domain: str, route: RouteSettings) -> None:
    with pytest.raises(SettingsError, match="turn_for"):
        building.routes(Settings(routes={domain: route}))


@pytest.mark.parametrize("workers", [1, 2, 4, 8, 64])
def test_workers_share_what_others_see_of_them_together(workers: int) -> None:
    settings = Settings()
    share = building.share(settings, workers)
    assert workers * share.queue.concurrency <= max(settings.queue.concurrency, workers)
    assert settings.limits.message_bytes <= share.limits.bodies_in_flight <= settings.limits.bodies_in_flight
    pools = building.store_settings(workers).postgres
    assert pools.writers >= 2
    assert pools.readers >= 2
    assert workers * (pools.writers + pools.readers) <= max(64, 4 * workers)


def test_one_worker_has_everything() -> None:
    assert building.share(Settings(), 1) == Settings()
    assert building.store_settings(1) == StoreSettings()


@pytest.mark.parametrize(
    ("text", "tls", "verify"),
    [
        ('tls = "required"', TlsUse.REQUIRED, True),
        ('tls = "required"\nverify = false', TlsUse.REQUIRED, False),
        ('tls = "none"', TlsUse.NEVER, False),
    ],
)
@pytest.mark.parametrize("domain", ["r.test", "*"])
def test_a_route_without_a_host_says_how_safe_the_mx_must_be(
    domain: str, text: str, tls: TlsUse, verify: bool
) -> None:
    route = building.routes(parse(f'[routes."{domain}"]\n{text}'))[domain]
    assert (route.host, route.tls, route.verify) == ("", tls, verify)


@pytest.mark.parametrize(
    "text",
    ['tls = "implicit"', 'tls = "required"\nport = 587', 'tls = "required"\nlmtp = true', 'username = "u"'],
)
def test_it_says_nothing_else(text: str) -> None:
    with pytest.raises(SettingsError, match="for the domain's MX"):
        building.routes(parse(f'[routes."r.test"]\n{text}'))


def test_a_smarthost_may_be_taken_without_proof() -> None:
    text = '[routes."*"]\nhost = "smart.test"\ntls = "required"\nverify = false'
    assert building.routes(parse(text))["*"].verify is False


@pytest.mark.parametrize(
    ("text", "servers", "trusted"),
    [
        ('servers = ["127.0.0.1:5353"]', [("127.0.0.1", 5353)], True),
        ('servers = ["127.0.0.1"]\nvalidating = "no"', [("127.0.0.1", 53)], False),
        ('servers = ["192.0.2.1", "[::1]:5"]', [("192.0.2.1", 53), ("::1", 5)], False),
        ('servers = ["192.0.2.1"]\nvalidating = "yes"', [("192.0.2.1", 53)], True),
    ],
)
def test_whom_to_ask_and_whether_to_believe_him(
    text: str, servers: list[tuple[str, int]], trusted: bool
) -> None:
    options = building.resolver_options(parse(f"[dns]\n{text}"))
    assert ([(one.ip, one.port) for one in options.servers], options.trust_ad) == (servers, trusted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('servers = ["ns.r.test"]', "ns.r.test is no address of a name server"),
        ('servers = ["192.0.2.1:0"]', "no address"),
        ('validating = "perhaps"', "use yes, no or auto"),
    ],
)
def test_name_servers_that_cannot_be(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        building.resolver_options(parse(f"[dns]\n{text}"))


def test_authorities_are_read_once_an_hour(tmp_path: Path) -> None:
    Issued(["Root"], ca=True).trusting(tmp_path)
    clock = MovableClock()
    settings = parse(f'[tls]\nauthorities = "{tmp_path}/authority.pem"')
    trusted = building.Authorities(settings, SimpleNamespace(clock=clock, dates_by=None))
    first = trusted.context()
    clock.advance(building.AUTHORITIES_SECONDS - 60)
    assert trusted.context() is first
    clock.advance(61)
    assert trusted.context() is not first


@pytest.mark.parametrize(
    ("named", "hops"),
    [
        ("Example.COM", ["example.com"]),
        ("bücher.test", ["bücher.test", "xn--bcher-kva.test"]),
        ("XN--BCHER-KVA.test", ["bücher.test", "xn--bcher-kva.test"]),
        ("[192.0.2.1]", ["[192.0.2.1]"]),
    ],
)
def test_a_route_is_for_its_domain_however_that_is_written(named: str, hops: list[str]) -> None:
    routes = building.routes(parse(f'[routes."{named}"]\nhost = "relay.test"'))
    for hop in hops:
        found = route_of(routes, hop)
        assert found is not None
        assert found.host == "relay.test"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("example.com.",), 'write a domain such as example.com, or "*"'),
        (("a b",), "write a domain"),
        (("Example.com", "example.COM"), "is the domain of another route"),
        (("bücher.test", "xn--bcher-kva.test"), "is the domain of another route"),
    ],
)
def test_a_route_that_would_never_be_taken_is_refused(names: tuple[str, ...], words: str) -> None:
    text = "".join(f'[routes."{name}"]\nhost = "relay.test"\n' for name in names)
    with pytest.raises(SettingsError) as caught:
        building.routes(parse(text))
    assert f'[routes."{names[-1]}"]' in str(caught.value)
    assert words in str(caught.value)
