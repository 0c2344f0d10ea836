"""The table of mechanisms."""

import itertools

import pytest

from postroom.proto.sasl.exchange import (
    Anonymous,
    Ask,
    Challenge,
    Credentials,
    Denied,
    External,
    Granted,
    Key,
    Login,
    Outcome,
    Proof,
    SaslError,
    Secret,
    Terms,
    Token,
    Verifier,
    WhoIs,
)
from postroom.proto.sasl.mechanisms import MECHANISMS, Channel, Mechanism, Need, Supply, choose, usable
from postroom.proto.sasl.scram import keys_of

CHANNEL = {"tls-exporter": b"exported", "tls-server-end-point": b"certified"}
SALT = b"saltsaltsaltsalt"
EVERYTHING = Supply(lambda: "nonce", lambda: frozenset(Need), guessable=True)


def terms(*, bindable: bool = True) -> Terms:
    count = itertools.count(1)
    return Terms(
        "mx.l.test", "imap", lambda: f"server{next(count)}", lambda kind: CHANNEL.get(kind, b""), bindable
    )


def login(password: str = "sesame", **more: object) -> Login:
    binding = {"binding": lambda kind: CHANNEL.get(kind, b""), "bindable": True, "token": "to.ken", **more}
    return Login("alice", password, "imap", "mx.l.test", lambda: "client1", **binding)  # type: ignore[arg-type]


class House:
    """Knows alice's password, and nobody else's."""

    def __init__(self, password: str = "sesame") -> None:
        self.password = password
        self.proofs: list[Proof | Token | Credentials | External | Anonymous] = []

    def verifier(self, hash_name: str) -> Verifier:
        keys = keys_of(hash_name, self.password.encode(), SALT, 4096)
        return Verifier(SALT, 4096, (Key(7, keys.stored, keys.server),))

    def hear(self, question: Ask) -> Verifier | Secret | Granted | Denied:
        about = question.about
        if isinstance(about, WhoIs):
            assert about.authcid == "alice"
            hashes = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}
            name = about.mechanism.removesuffix("-PLUS")
            return self.verifier(hashes[name]) if name in hashes else Secret(9, self.password.encode())
        return self.judge(about)

    def judge(self, claim: Proof | Token | Credentials | External | Anonymous) -> Granted | Denied:
        self.proofs.append(claim)
        good = {
            Proof: lambda: bool(claim.credential),
            Token: lambda: claim.token == "to.ken" and claim.authcid == "alice",
            Credentials: lambda: claim.password == self.password,
            External: lambda: True,
            Anonymous: lambda: True,
        }[type(claim)]()
        return Granted("alice's account") if good else Denied(PermissionError("no"))


def converse(
    mechanism: Mechanism, client_login: Login, house: House, server_terms: Terms | None = None
) -> tuple[Granted | Denied, bool]:
    """The whole exchange: the policy's word, and whether the client believes the server."""
    server, client = mechanism.server(server_terms or terms()), mechanism.client(client_login)
    outcome: Outcome = server.step(client.step(b"") if mechanism.client_first else None)
    while True:
        if isinstance(outcome, Ask):
            outcome = server.know(house.hear(outcome))
        elif isinstance(outcome, Challenge):
            outcome = server.step(client.step(outcome.data))
        elif isinstance(outcome, Granted | Denied):
            return outcome, client.complete
        else:
            return house.judge(outcome), client.complete


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda row: row.name)
def test_each_client_logs_in_at_its_server(mechanism: Mechanism) -> None:
    assert converse(mechanism, login(), House()) == (Granted("alice's account"), True)


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name not in ("EXTERNAL", "ANONYMOUS")])
def test_a_wrong_secret_is_denied_by_the_policy_alone(name: str) -> None:
    word, _ = converse(MECHANISMS[name], login("wrong", token="wro.ng"), House())
    assert isinstance(word, Denied)


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize(
    "junk", [b"", b"\0", b"\xff\xfe", b",,", b"n,,", b"=" * 5000, b"n,,n=,r=", b"y,a=x,n=u,r=n,x" * 400]
)
def test_octets_that_are_no_message_are_an_error_and_nothing_else(mechanism: Mechanism, junk: bytes) -> None:
    server = mechanism.server(terms())
    for first in (None, junk):
        try:
            outcome = server.step(first)
            if isinstance(outcome, Challenge):
                server.step(junk)
        except SaslError:
            pass


@pytest.mark.parametrize("name", [name for name in MECHANISMS if MECHANISMS[name].nonce])
def test_an_exchange_cannot_be_played_again(name: str) -> None:
    row, house = MECHANISMS[name], House()
    server, client = row.server(terms()), row.client(login())
    said: list[bytes | None] = [client.step(b"") if row.client_first else None]
    outcome: Outcome = server.step(said[0])
    while not isinstance(outcome, Granted | Proof):
        if isinstance(outcome, Ask):
            outcome = server.know(house.hear(outcome))
        else:
            assert isinstance(outcome, Challenge)
            said.append(client.step(outcome.data))
            outcome = server.step(said[-1])
    count = itertools.count(100)
    again = row.server(
        Terms("mx.l.test", "imap", lambda: f"other{next(count)}", lambda kind: CHANNEL.get(kind, b""), True)
    )
    outcome, proofs = again.step(said[0]), len(house.proofs)
    with pytest.raises(SaslError):  # noqa: PT012 - the steps of an exchange
        for line in said[1:]:
            while isinstance(outcome, Ask):
                outcome = again.know(house.hear(outcome))
            if isinstance(outcome, Proof | Denied):
                break
            outcome = again.step(line)
        if isinstance(outcome, Ask):
            outcome = again.know(house.hear(outcome))
        if isinstance(outcome, Denied) or (isinstance(outcome, Proof) and outcome.credential == 0):
            raise SaslError("as it should be")
    assert all(not isinstance(one, Proof) or one.credential == 0 for one in house.proofs[proofs:])


TLS = {"secure": True, "supply": EVERYTHING}


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"secure": True}, {"EXTERNAL", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"}),
        ({"secure": True, "channel": Channel(True, True, lambda _: b"x")}, set()),
        ({"secure": True, "channel": Channel(True, False, lambda _: b"x")}, {"EXTERNAL"}),
        (
            {"secure": False},
            {
                "EXTERNAL",
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-1-PLUS",
                "PLAIN",
                "LOGIN",
                "OAUTHBEARER",
                "XOAUTH2",
            },
        ),
        ({"secure": False, "supply": Supply(lambda: "n", lambda: frozenset(Need))}, set(MECHANISMS)),
        (
            {"secure": True, "supply": Supply(lambda: "n")},
            {
                "EXTERNAL",
                "OAUTHBEARER",
                "XOAUTH2",
                "DIGEST-MD5",
                "CRAM-MD5",
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-1-PLUS",
                "ANONYMOUS",
            },
        ),
        ({"secure": True, "supply": Supply()}, set(MECHANISMS) - {"PLAIN", "LOGIN"}),
    ],
)
def test_a_mechanism_is_offered_where_it_is_safe_and_somebody_can_use_it(
    more: dict[str, object], missing: set[str]
) -> None:
    found = usable(tuple(MECHANISMS), **{**TLS, **more})  # type: ignore[arg-type]
    assert set(found) == set(MECHANISMS) - missing
    assert list(found) == [name for name in MECHANISMS if name in found]


def test_passwords_as_they_are_need_tls() -> None:
    names = ("PLAIN", "LOGIN", "X-UNKNOWN")
    assert usable(names, secure=True) == ("PLAIN", "LOGIN")
    assert usable(names, secure=False) == ()
    assert usable(names, secure=False, plaintext_allowed=True) == ("PLAIN", "LOGIN")


BOUND = Channel(True, False, lambda kind: CHANNEL.get(kind, b""))


@pytest.mark.parametrize(
    ("offered", "channel", "chosen"),
    [
        (tuple(MECHANISMS), BOUND, "SCRAM-SHA-256-PLUS"),
        (tuple(MECHANISMS), Channel(True), "SCRAM-SHA-256"),
        (("LOGIN", "PLAIN"), Channel(True), "PLAIN"),
        (("PLAIN", "CRAM-MD5"), Channel(True), "PLAIN"),
        (("PLAIN", "CRAM-MD5"), Channel(), "CRAM-MD5"),
        (("PLAIN", "LOGIN"), Channel(), ""),
        (("EXTERNAL", "PLAIN"), Channel(True, True), "PLAIN"),
    ],
)
def test_a_client_takes_the_strongest(offered: tuple[str, ...], channel: Channel, chosen: str) -> None:
    found = choose(offered, login(token=""), channel, plaintext_allowed=False)
    assert (found or [""])[0] == chosen


def test_a_client_uses_its_token_or_certificate_where_it_has_one() -> None:
    assert choose(tuple(MECHANISMS), login(), BOUND, plaintext_allowed=False)[0] == "OAUTHBEARER"
    assert (
        choose(tuple(MECHANISMS), login("", token=""), Channel(True, True), plaintext_allowed=False)[0]
        == "EXTERNAL"
    )


def test_secrets_are_not_in_a_repr() -> None:
    shown = repr([login(), Secret(1, b"sesame"), Token("OAUTHBEARER", "alice", "to.ken")])
    assert "sesame" not in shown
    assert "to.ken" not in shown
