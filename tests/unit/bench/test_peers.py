"""The peers are left out with a reason, never with an error."""

import os
import shutil
from pathlib import Path

import pytest
from bench import peers
from bench.certificate import Certificate
from bench.peers import ForwardingPostfix, Peers, why_missing


def test_packages_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda program: None if "dovecot" in program else program)
    assert "dovecot-core dovecot-imapd dovecot-lmtpd dovecot-pop3d" in why_missing()


@pytest.mark.parametrize(
    ("uid", "version", "words"), [(1000, "2.3.19", "by root"), (0, "2.4.1", "Dovecot 2.4.1")]
)
def test_what_else_is_in_the_way(monkeypatch: pytest.MonkeyPatch, uid: int, version: str, words: str):
    monkeypatch.setattr(shutil, "which", lambda program: program)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(peers, "dovecot_version", lambda: version)
    assert words in why_missing()


@pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "-")
def test_configurations_name_no_other_place(tmp_path: Path):
    made = Peers(tmp_path / "peer", Certificate(tmp_path, "mx.receiver.test"))
    ForwardingPostfix(tmp_path / "forwarder", made.smtp)
    dovecot = (tmp_path / "peer/dovecot/dovecot.conf").read_text()
    assert f"mail_location = maildir:{tmp_path}/peer/dovecot/mail/%n/Maildir\n" in dovecot
    postfix = (tmp_path / "peer/postfix/etc/main.cf").read_text()
    assert f"virtual_transport = lmtp:inet:127.0.0.1:{made.dovecot.lmtp}\n" in postfix
    forwarder = (tmp_path / "forwarder/etc/main.cf").read_text()
    assert f"default_transport = smtp:[127.0.0.1]:{made.smtp}\n" in forwarder
    for text in (postfix, forwarder):
        assert "/var/" not in text.replace(str(tmp_path), "")
