import asyncio
import threading

import argon2
import pytest

from postroom.message.errors import TooManyLogins
from postroom.store.login.passwords import MAX_PASSWORD, PasswordCost, Passwords, prepared

CHEAP = PasswordCost(time=1, memory=64, lanes=1)


@pytest.fixture
def passwords():
    made = Passwords(CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize("password", [b"secret", "é".encode(), b"\xff\xfe", b"\x00", b"x" * MAX_PASSWORD])
async def test_a_password_fits_its_verifier_and_no_other_does(passwords, password):
    verifier = await passwords.verifier(password)
    assert verifier.startswith(b"$argon2id$v=19$m=64,t=1,p=1$")
    assert await passwords.fits(verifier, password)
    assert not await passwords.fits(verifier, password[:-1] + b"~")
    assert not await passwords.fits(verifier, b"")


@pytest.mark.parametrize("password", [b"", b"x" * (MAX_PASSWORD + 1)])
async def test_what_cannot_be_a_password(passwords, password):
    with pytest.raises(ValueError, match="1 to 1024 octets"):
        await passwords.verifier(password)


async def test_an_overlong_password_is_not_cut_into_the_right_one(passwords):
    verifier = await passwords.verifier(b"x" * MAX_PASSWORD)
    assert not await passwords.fits(verifier, b"x" * (MAX_PASSWORD + 1))


@pytest.mark.parametrize("verifier", [None, b"", b"plain", b"$argon2id$v=19$m=64,t=1,p=1$broken", b"\xff"])
async def test_nothing_fits_no_verifier_or_a_broken_one(passwords, verifier):
    assert not await passwords.fits(verifier, b"secret")


def test_who_has_no_verifier_is_given_a_whole_one_that_takes_the_same_work(passwords):
    with pytest.raises(
        argon2.exceptions.VerifyMismatchError
    ):  # computed and compared, not refused for its form
        passwords._hasher.verify(passwords._nobodys, b"secret")
    assert not passwords.outdated(passwords._nobodys.encode())
    own = passwords._hasher.hash(b"secret")
    assert [len(field) for field in passwords._nobodys.split("$")] == [len(field) for field in own.split("$")]


async def test_verifiers_of_other_parameters_fit_and_are_outdated(passwords):
    other = Passwords(PasswordCost(time=2, memory=64))
    verifier = await other.verifier(b"secret")
    other.close()
    assert await passwords.fits(verifier, b"secret")
    assert passwords.outdated(verifier)
    assert not passwords.outdated(await passwords.verifier(b"secret"))


async def test_only_so_many_may_wait():
    passwords = Passwords(PasswordCost(1, 64, 1, threads=1, waiting=1))
    gate = threading.Event()
    holding = [asyncio.create_task(passwords._in_pool(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyLogins):
        await passwords.fits(None, b"secret")
    gate.set()
    await asyncio.gather(*holding)
    assert not await passwords.fits(None, b"secret")
    passwords.close()


@pytest.mark.parametrize(
    ("typed", "octets"),
    [
        ("pass word", "pass word"),
        ("e\u0301", "\u00e9"),
        ("a\u00a0b\u3000c", "a b c"),
        ("Pa\u00dfwort", "Pa\u00dfwort"),
    ],
)
def test_how_it_was_typed_does_not_matter(typed, octets):
    assert prepared(typed.encode()) == octets.encode()


def test_octets_that_are_not_utf8_stay():
    assert prepared(b"\xff\xa0") == b"\xff\xa0"
