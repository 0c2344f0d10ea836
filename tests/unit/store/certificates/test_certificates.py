"""Certificates, accounts and challenges as rows, on both engines."""

from __future__ import annotations

from postroom.store.certificates import acme_challenges, certificates
from postroom.store.certificates.acme_challenges import HTTP_01, TLS_ALPN_01, Challenge
from postroom.store.certificates.certificates import Certificate
from postroom.store.engine.transaction import Engine

ONE = Certificate(
    "a.test", "ecdsa", ("a.test", "b.test"), "-----BEGIN", b"\x00sealed", 5, 6, 7, "why: not\u00e9"
)


async def test_certificates_come_and_go(engine: Engine) -> None:
    rsa = Certificate("a.test", "rsa")
    for row in (rsa, ONE):
        await engine.write(lambda tx, row=row: certificates.put(tx, row))  # type: ignore[misc]
    assert await certificates.listing(engine.reading()) == [ONE, rsa]
    assert await certificates.get(engine.reading(), "a.test", "ecdsa") == ONE
    assert await certificates.get(engine.reading(), "b.test", "ecdsa") is None
    changed = Certificate("a.test", "rsa", ("a.test",), "-----BEGIN", b"x", 1, 2, 3, "")
    await engine.write(lambda tx: certificates.put(tx, changed))
    await engine.write(lambda tx: certificates.remove(tx, "a.test", "ecdsa"))
    assert await certificates.listing(engine.reading()) == [changed]


async def test_they_are_made_due(engine: Engine) -> None:
    for name in ("a.test", "b.test"):
        row = Certificate(name, "rsa", due=99, tries=3)
        await engine.write(lambda tx, row=row: certificates.put(tx, row))  # type: ignore[misc]
    assert await engine.write(lambda tx: certificates.make_due(tx, "b.test", 7)) == 1
    assert await engine.write(lambda tx: certificates.make_due(tx, "c.test", 7)) == 0
    found = await certificates.listing(engine.reading())
    assert [(one.name, one.due, one.tries) for one in found] == [("a.test", 99, 3), ("b.test", 7, 0)]
    assert await engine.write(lambda tx: certificates.make_due(tx, "", 8)) == 2


async def test_an_account_for_each_authority(engine: Engine) -> None:
    for directory, url in (("https://a/dir", ""), ("https://b/dir", "u"), ("https://a/dir", "v")):
        await engine.write(
            lambda tx, directory=directory, url=url: certificates.put_account(tx, directory, url, b"\x00k")  # type: ignore[misc]
        )
    assert await certificates.account(engine.reading(), "https://a/dir") == ("v", b"\x00k")
    assert await certificates.account(engine.reading(), "https://c/dir") is None


async def test_challenges_are_answered_until_they_expire(engine: Engine) -> None:
    known = [
        Challenge("t1", HTTP_01, "a.test", "t1.x", 10),
        Challenge("t2", TLS_ALPN_01, "a.test", "t2.x", 10),
    ]
    await engine.write(lambda tx: acme_challenges.put(tx, known, 0))
    assert await acme_challenges.answer(engine.reading(), "t1", 9) == "t1.x"
    assert await acme_challenges.answer(engine.reading(), "t1", 10) is None
    assert await acme_challenges.answer(engine.reading(), "t2", 9) is None
    assert await acme_challenges.standing(engine.reading(), TLS_ALPN_01, 9) == [known[1]]
    assert await acme_challenges.standing(engine.reading(), TLS_ALPN_01, 10) == []
    await engine.write(lambda tx: acme_challenges.remove(tx, ["t2", "t3"]))
    assert await acme_challenges.standing(engine.reading(), TLS_ALPN_01, 9) == []
    await engine.write(lambda tx: acme_challenges.put(tx, [], 10))
    assert await acme_challenges.answer(engine.reading(), "t1", 0) is None
