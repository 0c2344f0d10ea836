"""Logins at a whole server: in the clear, malformed, guessed; and who may write as whom."""

import base64
import ssl

import pytest

from postroom.net.tls.certificates import opportunistic
from postroom.store.login.passwords import Passwords
from siege import PASSWORD, Besieged, Wire


def plain(*parts: str | bytes) -> str:
    octets = b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)
    return "AUTH PLAIN " + base64.b64encode(octets).decode()


def secure(house: Besieged) -> Wire:
    wire = house.greeted("submission")
    assert wire.ask("STARTTLS").startswith("220")
    wire.tls()
    wire.ask("EHLO a.test")
    return wire


def test_s25_no_password_in_the_clear(house: Besieged) -> None:
    u = house.person()
    for service in ("smtp", "submission"):
        with house.connect(service) as wire:
            wire.reply()
            assert "AUTH" not in wire.ask("EHLO a.test")
            assert wire.ask(plain("", u, PASSWORD))[:9] in ("538 5.7.1", "502 5.5.1")
            assert wire.ask(f"MAIL FROM:<{u}>")[:3] == ("250" if service == "smtp" else "530")


def test_s26_malformed_exchanges(house: Besieged) -> None:
    u = house.person()
    with secure(house) as wire:
        assert wire.ask("AUTH PLAIN !!!").startswith("501 5.5.2")
        assert wire.ask("AUTH PLAIN").startswith("334")
        assert wire.ask("*").startswith("501")
        assert wire.ask("AUTH PLAIN").startswith("334")
        assert wire.ask("x" * 12_289).startswith("500 5.5.6")
        assert wire.ask(plain("", u, PASSWORD)).startswith("235")
        assert wire.ask(plain("", u, PASSWORD)).startswith("503")
        assert wire.ask(f"MAIL FROM:<{u}>").startswith("250")
        assert wire.ask(plain("", u, PASSWORD)).startswith("503")


@pytest.mark.parametrize(
    "claim",
    [
        plain("boss", "{u}", PASSWORD),
        plain("", "", ""),
        plain("", b"\xff\xfe", PASSWORD),
        plain("", "{u}", "é"),
        plain("", "{u}", b"\xff"),
        plain("", "{u}", "x" * 5000),
    ],
)
def test_s29_odd_credentials_are_wrong_ones(house: Besieged, claim: str) -> None:
    u = house.person()
    verb, _, token = claim.rpartition(" ")
    token = base64.b64encode(base64.b64decode(token).replace(b"{u}", u.encode())).decode()
    with secure(house) as wire:
        assert wire.ask(f"{verb} {token}").startswith("535 5.7.8")
    house.move(60)


def test_s27_wrong_passwords_lock_the_client_and_not_the_user(house: Besieged) -> None:
    u = house.person()
    said = []
    for _ in range(15):
        with secure(house) as wire:
            said.append(wire.ask(plain("", u, "wrong"))[:9])
    assert said[0] == "535 5.7.8"
    assert "454 4.7.0" in said  # sooner or later this client waits
    elsewhere = house.connect("submissions", source="127.0.0.77")
    with elsewhere as wire:
        wire.tls()
        wire.reply()
        wire.ask("EHLO a.test")
        assert wire.ask(plain("", u, PASSWORD)).startswith("235")
    house.move(86_400)


def test_s28_a_name_cannot_be_told_from_the_answer_or_the_work(
    house: Besieged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words, and exactly as much hashing: counted, since a busy machine's seconds prove nothing."""
    known, hashed = house.person(), []
    fits = Passwords.fits

    async def counted(self: Passwords, verifier: bytes | None, password: bytes) -> bool:
        hashed.append(password)
        return await fits(self, verifier, password)

    monkeypatch.setattr(Passwords, "fits", counted)
    answers = {}
    for name in (known, "nobody@l.test", "nobody@elsewhere.test", "no address"):
        with secure(house) as wire:
            answers[name] = wire.ask(plain("", name, f"wrong for {name}"))
        house.move(60)
    assert len(set(answers.values())) == 1
    assert answers[known].startswith("535 5.7.8")
    assert sorted(hashed) == sorted(f"wrong for {name}".encode() for name in answers)


def test_s28_hashing_for_nobody_costs_as_much(house: Besieged, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier that stands for nobody's has the parameters of a real one, and is really checked."""
    passwords, checked = house.server.passwords, []
    check = passwords._check
    monkeypatch.setattr(passwords, "_check", lambda phc, octets: checked.append(phc) or check(phc, octets))
    real = house.do(passwords.verifier(b"right"))
    assert not house.do(passwords.fits(real, b"wrong"))
    assert not house.do(passwords.fits(None, b"wrong"))
    assert len({phc.rsplit("$", 2)[0] for phc in checked}) == 1
    assert len(checked) == 2


# espoofer's attacks of a client that has logged in: u is whose account it is, boss whom it would like to be.
@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("{u}", "From: <{u}>\r\nFrom: <{boss}>"),
        ("{u}", "From: <{boss}>\r\nFrom: <{u}>"),
        ("{u}", "From: <{u}>, <{boss}>"),
        ("{u}", "From: <{boss}>, <{u}>"),
        ("{u}", "From: <{boss}>"),
        ("{boss}", "From: <{boss}>"),
    ],
    ids=["a1", "a1 turned round", "a2", "a2 turned round", "a3", "a3 in the envelope too"],
)
def test_s30_attacks_of_a_client(house: Besieged, sender: str, fields: str) -> None:
    u, boss = house.person(), house.person()
    with house.user(u) as wire:
        letter = f"{fields.format(u=u, boss=boss)}\r\nSubject: x\r\n\r\nhello".encode()
        said = wire.letter(sender.format(u=u, boss=boss), [u], letter)
        assert said[:9] in ("550 5.7.1", "554 5.6.0")
    assert house.letters(u) == []


def test_s30_nobody_writes_as_somebody_else(house: Besieged) -> None:
    u, boss = house.person(), house.person()
    with house.user(u) as wire:
        assert wire.ask(f"MAIL FROM:<{boss}>").startswith("550 5.7.1")
        for fields in (
            f"From: {boss}", f"From: {u}\r\nFrom: {boss}", f"From: {boss}\r\nSender: {u}", f"From: {u}, {boss}",
            f"From: {u}\r\nSender: {boss}", f"From : {boss}", f"From\t: {boss}\r\nFrom: {u}",
            f"From: <{boss}>,\r\n <{u}>", f"From: =?utf-8?q?{u}?= <{boss}>",
        ):  # fmt: skip
            said = wire.letter(u, [u], f"{fields}\r\nSubject: x\r\n\r\nhello".encode())
            assert said[:9] in ("550 5.7.1", "554 5.6.0"), (fields, said)
        assert wire.letter(u, [u], f"From: Boss <{u}>\r\n\r\nhello".encode()).startswith("250")
    assert len(house.letters(u)) == 1
    assert house.letters(boss) == []


@pytest.mark.parametrize(
    "head",
    [
        "From: " + "{u}, " * 1000 + "{boss}\r\n",
        "From: {u},\r\n (" + "x" * 2_000_000 + ") {boss}\r\n",
        "From: {u}\r\n" + "X: y\r\n" * 20_000 + "From: {boss}\r\n",
        "X: y\r\n" * 20_000 + "From: {boss}\r\n",
    ],
    ids=["many authors", "a long comment", "many fields", "many fields before"],
)
def test_s30_an_author_where_nobody_looks(house: Besieged, head: str) -> None:
    u, boss = house.person(), house.person()
    with house.user(u) as wire:
        head = head.replace("{u}", u).replace("{boss}", boss)
        assert wire.letter(u, [u], f"{head}\r\nhello".encode()).startswith("554 5.6.0")
    assert house.letters(u) == []


def test_s40_a_ticket_of_one_service_is_refused_by_the_others(house: Besieged) -> None:
    context = opportunistic()
    with house.connect("submissions") as first:
        first.tls(context)
        first.reply()
        first.ask("NOOP")  # by now the ticket has come
        assert isinstance(first.sock, ssl.SSLSocket)
        session = first.sock.session
    with house.connect("submissions") as again:
        again.tls(context, session)
        again.reply()
        resumed = again.sock.session_reused  # type: ignore[attr-defined]
    with house.connect("pop3s") as other:
        other.tls(context, session)
        other.line()
        assert not other.sock.session_reused  # type: ignore[attr-defined]
    assert resumed


@pytest.mark.parametrize(
    ("service", "offer"),
    [
        ("submissions", "http/1.1"),
        ("pop3s", "h2"),
        ("pop3s", "smtp"),
        ("imaps", "http/1.1"),
        ("https", "imap"),
        ("https", "h2"),
    ],
)
def test_s11_another_application_protocol_is_an_alert(house: Besieged, service: str, offer: str) -> None:
    context = opportunistic()
    context.set_alpn_protocols([offer])
    with house.connect(service) as wire, pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
        wire.tls(context)


@pytest.mark.parametrize("command", ["smtp STARTTLS", "pop3 STLS", "imap a STARTTLS"])
def test_s11_also_behind_starttls(house: Besieged, command: str) -> None:
    service, _, words = command.partition(" ")
    context = opportunistic()
    context.set_alpn_protocols(["http/1.1"])
    with house.connect(service) as wire:
        wire.line()
        if service == "smtp":
            wire.ask("EHLO r.test")
        wire.send(f"{words}\r\n")
        assert wire.line().split()[0] in ("220", "+OK", "a")
        with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
            wire.tls(context)


def test_s39_old_versions_get_an_alert_and_names_leave_no_trace(house: Besieged) -> None:
    old = opportunistic()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLS"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with house.connect("submissions") as wire, pytest.raises(ssl.SSLError):
        wire.tls(old)
    for number in range(50):
        with (
            house.connect("submissions") as wire,
            pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"),
        ):
            opportunistic().wrap_socket(wire.sock, server_hostname=f"n{number}.invalid")


def test_s11_names_that_are_not_ours(house: Besieged) -> None:
    for service in ("submissions", "imaps", "pop3s", "https"):
        with house.connect(service) as wire, pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            opportunistic().wrap_socket(wire.sock, server_hostname="www.l.test")
    wire = house.greeted("smtp")
    with wire:  # whoever relays here may know another name, and would go on in the clear
        wire.ask("EHLO r.test")
        assert wire.ask("STARTTLS").startswith("220")
        wire.sock = opportunistic().wrap_socket(wire.sock, server_hostname="other.l.test")
        assert wire.ask("EHLO r.test").startswith("250")
