"""Every login that programs of the system know, against a server that offers them all; and our own clients with each."""

from __future__ import annotations

import datetime as dt
import imaplib
import json
import poplib
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import running
from letters import stamp
from served import PASSWORD, Served, unverified

OWNER = "carla@calzone.test"
DORA, EMIL = "dora@calzone.test", "emil@calzone.test"  # who try what fails: their next tries have to wait
EVERYTHING = """
client_authorities = "{clients}"

[login]
mechanisms = ["EXTERNAL", "OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1",
  "PLAIN", "LOGIN", "DIGEST-MD5", "CRAM-MD5"]
"""


class Everything(Served):
    """A server with all mechanisms on; its owner has a shared secret, a token and a certificate."""

    token = ""

    def settle_in(self) -> None:
        self.start()
        self.command("account", "password", OWNER, "--apop", "--password-stdin", stdin=PASSWORD + "\n")
        made = self.command("account", "token", "create", OWNER, "curl", "--json")
        self.token = json.loads(made)["secret"]
        for name in (DORA, EMIL):
            self.command("account", "add", name, "--password-stdin", stdin=PASSWORD + "\n")
        self.command("account", "certificate", "add", OWNER, "--file", str(self.home / "client.pem"))

    def logins(self) -> set[tuple[str, str]]:
        """By which methods somebody has logged in, and to what."""
        said = self.command("account", "logins", OWNER, "--json")
        found = [json.loads(line) for line in said.splitlines()]
        return {(one["method"], one["protocol"]) for one in found if one["good"]}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    home = tmp_path_factory.mktemp("sasl")
    make_certificate(home)
    server = Everything(home, OWNER, EVERYTHING.format(clients=home / "client.pem"))
    server.settle_in()
    yield server
    assert server.process is not None
    assert server.process.stop() == 0


def make_certificate(directory: Path) -> None:
    """A self-signed one, as a user makes it for himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Carla")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(OWNER)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (directory / "client.pem").write_bytes(certificate.public_bytes(pem))
    (directory / "client.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


# swaks and Authen::SASL


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
def test_swaks(everything, program, mechanism):
    where = [
        "--server",
        "127.0.0.1",
        "--port",
        everything.port("submission"),
        "--tls",
        "--quit-after",
        "AUTH",
    ]
    who = ["--auth", mechanism, "--auth-user", OWNER, "--auth-password"]
    done = program(["swaks", *where, *who, PASSWORD], code=0)
    assert "<~  235 2.7.0" in done.stdout
    method = "password" if mechanism in ("PLAIN", "LOGIN") else mechanism
    assert (method, "smtp") in everything.logins()


def test_swaks_without_tls_is_offered_nothing(everything, program):
    """S25."""
    where = ["--server", "127.0.0.1", "--port", everything.port("submission"), "--quit-after", "AUTH"]
    done = program(
        ["swaks", *where, "--auth", "CRAM-MD5", "--auth-user", OWNER, "--auth-password", PASSWORD], code=None
    )
    assert done.returncode != 0
    assert "AUTH" not in "".join(line for line in done.stdout.splitlines() if line.startswith("<-  250"))


# curl


@pytest.mark.parametrize("service", ["imaps", "pop3s", "smtps"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "XOAUTH2", "OAUTHBEARER"])
def test_curl(everything, program, service, mechanism):
    name = {"smtps": "submissions"}.get(service, service)
    secret = ["--oauth2-bearer", everything.token] if "AUTH" in mechanism else []
    user = OWNER if secret else f"{OWNER}:{PASSWORD}"
    ask = ["--request", "NOOP"] if service != "pop3s" else []
    url = f"{service}://127.0.0.1:{everything.port(name)}/"
    options = ["--insecure", "--silent", "--show-error", "--login-options", f"AUTH={mechanism}", "--verbose"]
    done = program(["curl", *options, *secret, *ask, "--user", user, url], code=None)
    assert done.returncode == 0 or (service == "smtps" and "235 2.7.0" in done.stderr), done.stderr
    method = {"PLAIN": "password", "LOGIN": "password", "XOAUTH2": "token", "OAUTHBEARER": "token"}
    protocol = {"imaps": "imap", "pop3s": "pop3", "smtps": "smtp"}[service]
    assert (method.get(mechanism, mechanism), protocol) in everything.logins()


def test_curl_with_a_certificate(everything, program):
    files = ["--cert", everything.home / "client.pem", "--key", everything.home / "client.key"]
    options = ["--insecure", "--silent", "--show-error", "--login-options", "AUTH=EXTERNAL", "--sasl-ir"]
    url = f"imaps://{OWNER.replace('@', '%40')}@127.0.0.1:{everything.port('imaps')}/"
    program(["curl", *options, *files, "--request", "NOOP", url])
    assert ("certificate", "imap") in everything.logins()


def test_curl_with_a_token_that_is_none(everything, program):
    options = ["--insecure", "--silent", "--show-error", "--login-options", "AUTH=OAUTHBEARER"]
    wrong = ["--oauth2-bearer", everything.token[:-4] + "AAAA", "--user", DORA]
    done = program(["curl", *options, *wrong, f"imaps://127.0.0.1:{everything.port('imaps')}/"], code=67)
    assert done.stdout == ""


# GNU SASL: msmtp, mpop, mutt


@pytest.mark.parametrize(
    "mechanism",
    ["plain", "login", "scram-sha-1", "scram-sha-256", "cram-md5", "digest-md5", "oauthbearer", "xoauth2"],
)
def test_msmtp(everything, program, mechanism):
    where = ["--host=127.0.0.1", f"--port={everything.port('submission')}", "--tls=on", "--tls-starttls=on"]
    secret = everything.token if "oauth" in mechanism or "xoauth" in mechanism else PASSWORD
    who = ["--tls-certcheck=off", f"--from={OWNER}", f"--user={OWNER}", f"--passwordeval=echo {secret}"]
    program(["msmtp", *where, *who, f"--auth={mechanism}", OWNER], stdin=f"Subject: {stamp()}\n\nKetchup?\n")
    method = {"plain": "password", "login": "password", "oauthbearer": "token", "xoauth2": "token"}
    assert (method.get(mechanism, mechanism.upper()), "smtp") in everything.logins()


def test_msmtp_with_a_certificate(everything, program):
    files = [
        f"--tls-cert-file={everything.home / 'client.pem'}",
        f"--tls-key-file={everything.home / 'client.key'}",
    ]
    where = ["--host=127.0.0.1", f"--port={everything.port('submissions')}", "--tls=on", "--tls-starttls=off"]
    who = ["--tls-certcheck=off", f"--from={OWNER}", "--auth=external", f"--user={OWNER}"]
    program(["msmtp", *where, *files, *who, OWNER], stdin=f"Subject: {stamp()}\n\nKetchup?\n")
    assert ("certificate", "smtp") in everything.logins()


@pytest.mark.parametrize("mechanism", ["scram-sha-1", "scram-sha-256", "apop", "cram-md5", "digest-md5"])
def test_mpop(everything, program, mechanism, tmp_path):
    where = ["--host=127.0.0.1", f"--port={everything.port('pop3s')}", "--tls=on", "--tls-starttls=off"]
    who = ["--tls-certcheck=off", f"--user={OWNER}", f"--passwordeval=echo {PASSWORD}", "--keep=on"]
    box = [f"--deliver=mbox,{tmp_path / 'box'}", f"--uidls-file={tmp_path / 'uidls'}"]
    program(["mpop", *where, *who, *box, f"--auth={mechanism}"])
    assert (mechanism.upper(), "pop3") in everything.logins()


# Python


def test_python(everything):
    with smtplib.SMTP_SSL("127.0.0.1", everything.port("submissions"), context=unverified()) as smtp:
        smtp.ehlo()
        for name in ("CRAM-MD5", "PLAIN", "LOGIN"):
            assert name in smtp.esmtp_features["auth"].split()
        smtp.user, smtp.password = OWNER, PASSWORD
        assert smtp.auth("CRAM-MD5", smtp.auth_cram_md5)[0] == 235
    with imaplib.IMAP4_SSL("127.0.0.1", everything.port("imaps"), ssl_context=unverified()) as imap:
        assert imap.login_cram_md5(OWNER, PASSWORD)[0] == "OK"
    pop = poplib.POP3_SSL("127.0.0.1", everything.port("pop3s"), context=unverified())
    assert b"APOP" not in pop.getwelcome()
    pop.apop(OWNER, PASSWORD)
    pop.quit()
    assert ("APOP", "pop3") in everything.logins()


def test_imaplib_with_a_token(everything):
    with imaplib.IMAP4_SSL("127.0.0.1", everything.port("imaps"), ssl_context=unverified()) as imap:
        message = f"n,a={OWNER},\1auth=Bearer {everything.token}\1\1".encode()
        assert imap.authenticate("OAUTHBEARER", lambda _: message)[0] == "OK"
    with imaplib.IMAP4_SSL("127.0.0.1", everything.port("imaps"), ssl_context=unverified()) as imap:
        answers = [f"n,a={EMIL},\1auth=Bearer wrong\1\1".encode(), b"\1"]
        heard: list[bytes] = []

        def answer(challenge: bytes) -> bytes:
            heard.append(challenge)
            return answers[len(heard) - 1]

        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            imap.authenticate("OAUTHBEARER", answer)
        assert b"invalid_token" in heard[1]


# Our own


MAIL = """
default = "carla"
[accounts.carla]
address = "carla@calzone.test"
authorities = "{authority}"
{secret}
smtp = {{ host = "127.0.0.1", port = {submission}, tls = "{tls}", server_name = "{name}" }}
imap = {{ host = "127.0.0.1", port = {imap}, tls = "{tls}", server_name = "{name}" }}
"""


def our_mail(server: Everything, secret: str, tls: str = "implicit") -> Path:
    hostname = next(
        line.split('"')[1] for line in server.config.read_text().splitlines() if line.startswith("hostname")
    )
    shown = ssl.get_server_certificate(("127.0.0.1", server.port("imaps")))
    (server.home / "server.pem").write_text(shown)
    implicit = tls == "implicit"
    file = server.home / "mail.toml"
    file.write_text(
        MAIL.format(
            authority=server.home / "server.pem",
            secret=secret,
            submission=server.port("submissions" if implicit else "submission"),
            imap=server.port("imaps" if implicit else "imap"),
            tls=tls,
            name=hostname,
        )
    )
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_postroom_mail_binds_its_login_to_the_channel(everything, tls):
    file = our_mail(everything, f'password = "{PASSWORD}"', tls)
    environ = {**everything.environ, "POSTROOM_MAIL_CONFIG": str(file)}
    done = running.postroom(["mail", "send", OWNER, "--subject", stamp()], environ, "Ketchup?\n")
    assert done.returncode == 0, done.stderr
    done = running.postroom(["mail", "list"], environ, "")
    assert done.returncode == 0, done.stderr
    for protocol in ("smtp", "imap"):
        assert ("SCRAM-SHA-256-PLUS", protocol) in everything.logins()


def test_postroom_mail_with_a_token_and_with_a_certificate(everything):
    key = f'certificate = "{everything.home / "client.pem"}"\ncertificate_key = "{everything.home / "client.key"}"'
    for secret, method in (
        (f'password = "{everything.token}"\nbearer = true', "token"),
        (key, "certificate"),
    ):
        file = our_mail(everything, secret)
        environ = {**everything.environ, "POSTROOM_MAIL_CONFIG": str(file)}
        done = running.postroom(["mail", "send", OWNER, "--subject", stamp()], environ, "Ketchup?\n")
        assert done.returncode == 0, done.stderr
        done = running.postroom(["mail", "list"], environ, "")
        assert done.returncode == 0, done.stderr
        assert (method, "imap") in everything.logins()
        assert (method, "smtp") in everything.logins()


def test_an_app_password_logs_in_where_it_is_meant_for_by_every_way_and_nowhere_else(everything, program):
    someone = "felix@calzone.test"
    everything.command("account", "add", someone, "--password-stdin", stdin=PASSWORD + "\n")
    made = everything.command(
        "account", "app-password", "create", someone, "Phone", "--for", "smtp", "--json"
    )
    secret = json.loads(made)["secret"]
    where = ["--host=127.0.0.1", f"--port={everything.port('submission')}", "--tls=on", "--tls-certcheck=off"]
    for mechanism in ("plain", "scram-sha-1", "scram-sha-256"):
        who = [
            f"--from={someone}",
            f"--user={someone}",
            f"--passwordeval=echo {secret}",
            f"--auth={mechanism}",
        ]
        program(["msmtp", *where, *who, OWNER], stdin="Subject: x\n\nx\n")
    with (
        imaplib.IMAP4_SSL("127.0.0.1", everything.port("imaps"), ssl_context=unverified()) as imap,
        pytest.raises(imaplib.IMAP4.error),
    ):
        imap.login(someone, secret)
    everything.command("account", "app-password", "delete", someone, "Phone")
    found = everything.command("account", "app-password", "list", someone, "--json")
    assert found == ""


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "scram-sha-1", "plain"])
def test_mutt(lab, newcomer, program, require_tool, tmp_path, mechanism):
    """In a lab, whose certificates it can verify."""
    require_tool("mutt")
    rc, url = tmp_path / "muttrc", f"imaps://localhost:{lab.port('imaps')}/"
    rc.write_text(
        f'set folder="{url}"\nset spoolfile="{url}INBOX"\nset imap_user="{newcomer.address}"\nset imap_pass="{newcomer.password}"\n'
        f'set imap_authenticators="{mechanism}"\nset ssl_ca_certificates_file="{lab.ca}"\nset ssl_use_system_certs=no\n'
        f'set header_cache=""\nset quit=yes\nset wait_key=no\npush "<quit>"\n'
    )
    program(["env", "TERM=xterm", "script", "-qec", f"mutt -n -F {rc}", "/dev/null"])
    said = lab.postroom("account", "logins", newcomer.address, "--json").stdout
    methods = {
        one["method"]
        for one in map(json.loads, said.splitlines())
        if one["good"] and one["protocol"] == "imap"
    }
    expected = "password" if mechanism == "plain" else mechanism.upper()
    assert methods == {expected}
