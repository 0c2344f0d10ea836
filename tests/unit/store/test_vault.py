import os
import stat

import pytest

from postroom.store import vault as vaults
from postroom.store.engine.refused import StoreRefused
from postroom.store.vault import KEY_OCTETS, Unreadable, Vault


def test_what_was_sealed_opens_again(tmp_path):
    sealed = Vault.open(tmp_path / "key").seal(b"tanstaaf", "apop 5")
    assert b"tanstaaf" not in sealed
    assert Vault.open(tmp_path / "key").unseal(sealed, "apop 5") == b"tanstaaf"


def test_two_seals_differ(tmp_path):
    vault = Vault.open(tmp_path / "key")
    assert vault.seal(b"x", "p") != vault.seal(b"x", "p")


@pytest.mark.parametrize(
    ("change", "purpose"),
    [
        (lambda sealed: sealed, "apop 6"),
        (lambda sealed: sealed[:-1], "apop 5"),
        (lambda sealed: sealed[:-1] + bytes((sealed[-1] ^ 1,)), "apop 5"),
        (lambda sealed: b"\x02" + sealed[1:], "apop 5"),
        (lambda _: b"", "apop 5"),
        (lambda _: b"\x01short", "apop 5"),
    ],
)
def test_nothing_else_opens(tmp_path, change, purpose):
    vault = Vault.open(tmp_path / "key")
    sealed = vault.seal(b"tanstaaf", "apop 5")
    with pytest.raises(Unreadable):
        vault.unseal(change(sealed), purpose)


def test_another_key_does_not_open(tmp_path):
    sealed = Vault.open(tmp_path / "one").seal(b"x", "p")
    with pytest.raises(Unreadable):
        Vault.open(tmp_path / "two").unseal(sealed, "p")


def test_the_key_file_is_its_owners_alone(tmp_path):
    old = os.umask(0)
    try:
        Vault.open(tmp_path / "key")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_key_that_others_can_read_is_refused(tmp_path):
    Vault.open(tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(StoreRefused, match="chmod 600"):
        Vault.open(tmp_path / "key")


@pytest.mark.parametrize("octets", [0, KEY_OCTETS - 1, KEY_OCTETS + 1])
def test_a_damaged_key_is_refused(tmp_path, octets):
    (tmp_path / "key").write_bytes(bytes(octets))
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(StoreRefused, match="32 octets"):
        Vault.open(tmp_path / "key")


def test_a_key_file_is_whole_or_not_there(tmp_path, monkeypatch):
    """Of two processes that make it at the same time, both get the one that is there in the end."""
    read, path = vaults._read, tmp_path / "srs.key"
    late = [vaults._make]

    def reading(wanted):
        found = FileNotFoundError() if late else None
        if found:
            late.pop()(wanted)  # the other was faster
            raise found
        return read(wanted)

    monkeypatch.setattr(vaults, "_read", reading)
    key = vaults.key_in(path)
    assert (len(key), path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (32, key, 0o600)
