"""Chains of one to fifty sets, made and broken; every way to break one fails."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import Callable

import dkim
import pytest

from dkim_post import LETTER, NOW, Keys, ed25519, rsa, signed
from postroom.mailauth.arc import sealing
from postroom.mailauth.arc.sealing import SealDraft
from postroom.mailauth.arc.validation import ChainResult, validate
from postroom.mailauth.dkim import signing
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.signature import MAX_INSTANCE
from postroom.mailauth.dkim.signing import SigningKey, Unsignable
from postroom.message.headers.authentication_results import AuthenticationResults, MethodResult, Property
from postroom.message.headers.header import Header
from postroom.proto.dns.answer import Rcode

LIST = SigningKey("lists.test", "l", rsa())
RELAY = SigningKey("relay.test", "r", ed25519())
ZONE = {"l._domainkey.lists.test": rsa().record(), "r._domainkey.relay.test": ed25519().record()}


def seen(raw: bytes, texts: Keys | None = None, now: int = NOW) -> ChainResult:
    return asyncio.run(validate(raw, texts or Keys(ZONE), now))


def seal(raw: bytes, key: SigningKey = LIST, found: bytes = b"", now: int = NOW) -> bytes:
    """The message with one set more; `found` is what came in, where it differs."""
    header = Header.parse(raw)
    draft = SealDraft(header)
    draft.feed(raw[header.end :])
    mail_from = Property("smtp", "mailfrom", "crepes.test")
    results = AuthenticationResults(
        key.domain, (MethodResult("spf", "pass", (mail_from,)), MethodResult("dkim", "pass"))
    )
    return b"".join(draft.fields(seen(found or raw), results, key, now)) + raw


def sealed(count: int, raw: bytes = LETTER) -> bytes:
    for number in range(count):
        raw = seal(raw, (LIST, RELAY)[number % 2])
    return raw


PAST = 1_700_000_000  # the other program has a clock of its own
ONE, TWO, THREE = sealed(1), sealed(2), sealed(3)


def test_a_message_without_a_chain() -> None:
    result = seen(LETTER)
    assert (result.verdict, result.sets, result.method_result().properties) == (Verdict.NONE, (), ())
    assert result.explained() == "arc=none: there is no chain"


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_chains_pass(count: int) -> None:
    result = seen(sealed(count))
    assert (result.verdict, result.reason, result.oldest_pass) == (Verdict.PASS, "", 0)
    assert [one.instance for one in result.sets] == list(range(1, count + 1))
    assert [one.status for one in result.sets] == ["none", *["pass"] * (count - 1)]
    assert result.sets[0].domain == "lists.test"
    assert (
        " ".join(result.sets[0].results.split())
        == "lists.test; spf=pass smtp.mailfrom=crepes.test; dkim=pass"
    )
    assert result.method_result().properties == (Property("header", "oldest-pass", "0"),)


def test_fifty_sets_are_a_chain_and_no_more_can_be_added() -> None:
    raw = sealed(MAX_INSTANCE)
    texts = Keys(ZONE)
    assert seen(raw, texts).passed
    assert len(texts.asked) == 2
    with pytest.raises(Unsignable, match="50 sets"):
        seal(raw)


def test_a_list_that_changed_the_message_broke_older_signatures_alone() -> None:
    changed = ONE.replace(b"\r\nSubject:", b"\r\nSubject: [list]").replace(b"pickles", b"Pickles")
    raw = seal(changed, RELAY, found=ONE)
    result = seen(raw)
    assert (result.verdict, result.oldest_pass) == (Verdict.PASS, 2)
    first = result.sets[0].message
    assert first is not None
    assert first.verdict is Verdict.FAIL
    assert seen(seal(raw, LIST)).oldest_pass == 2


def swapped(raw: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    assert old in raw
    return raw.replace(old, new, count)


def without(raw: bytes, name: bytes, instance: int) -> bytes:
    return re.sub(rb"(?m)^" + name + rb": i=%d;.*\r\n(?:[ \t].*\r\n)*" % instance, b"", raw)


def field(raw: bytes, name: bytes, instance: int) -> bytes:
    found = re.search(rb"(?m)^" + name + rb": i=%d;.*\r\n(?:[ \t].*\r\n)*" % instance, raw)
    assert found
    return found[0]


BROKEN: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda raw: raw + b"more\r\n", "the message signature of instance 3: the body is not"),
    (lambda raw: b"Subject: new\r\n" + raw, "the message signature of instance 3: the signature does not fit"),
    (lambda raw: b"From: eve@evil.test\r\n" + raw, "the message has 2 From"),
    (lambda raw: without(raw, b"ARC-Seal", 2), "instance 2 has no arc-seal"),
    (lambda raw: without(raw, b"ARC-Message-Signature", 3), "instance 3 has no arc-message-signature"),
    (lambda raw: without(raw, b"ARC-Authentication-Results", 1), "instance 1 has no arc-authentication-results"),
    (lambda raw: field(raw, b"ARC-Seal", 3) + raw, "instance 3 has two arc-seal"),
    (lambda raw: field(raw, b"ARC-Authentication-Results", 1) + raw, "instance 1 has two arc-auth"),
    (lambda raw: raw.replace(b" i=2;", b" i=4;"), "instance 2 has no"),
    (lambda raw: raw.replace(b" i=1;", b" i=0;"), "an instance of 1 to 50"),
    (lambda raw: raw.replace(b" i=3;", b" i=51;"), "an instance of 1 to 50"),
    (lambda raw: raw.replace(b"ARC-Seal: i=3;", b"ARC-Seal:"), "i= is not an instance"),
    (lambda raw: raw.replace(b"Results: i=3;", b"Results: 3;"), "it does not begin with an instance"),
    (lambda raw: raw.replace(b"Results: i=3;", b"Results: i=03x;"), "it does not begin with an instance"),
    (lambda raw: swapped(raw, b"cv=pass", b"cv=fail"), "the chain was broken when instance 3 was sealed"),
    (lambda raw: swapped(raw, b"cv=pass", b"cv=none"), "instance 3 says cv=none"),
    (lambda raw: swapped(raw, b"cv=none", b"cv=pass"), "instance 1 says cv=pass"),
    (lambda raw: swapped(raw, b"cv=none", b"cv=fail"), "instance 1 says cv=fail"),
    (lambda raw: swapped(raw, b"cv=pass", b"cv=good"), "cv=good is none of"),
    (lambda raw: swapped(raw, b"cv=pass; ", b""), "cv= is missing"),
    (lambda raw: swapped(raw, b"cv=pass;", b"cv=pass; h=from;"), "a seal must not have h="),
    (lambda raw: swapped(raw, b"cv=pass;", b"cv=pass; cv=pass;"), "the tag cv= is there twice"),
    (lambda raw: swapped(raw, b"cv=pass;", b"cv=pass; x=1;"), "the seal of instance 3: the signature does not fit"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), BROKEN)
def test_broken_chains_fail(change: Callable[[bytes], bytes], reason: str) -> None:
    result = seen(change(THREE))
    assert result.verdict is Verdict.FAIL
    assert reason in result.reason
    assert result.method_result().properties == ()


@pytest.mark.parametrize("instance", [1, 2, 3])
@pytest.mark.parametrize("name", [b"ARC-Authentication-Results", b"ARC-Message-Signature", b"ARC-Seal"])
def test_a_seal_covers_each_field_below_it(name: bytes, instance: int) -> None:
    old = field(THREE, name, instance)
    new = (
        old.replace(b"; ", b"; zz=1; ", 1) if name != b"ARC-Authentication-Results" else old[:-2] + b"; x\r\n"
    )
    assert old != new
    result = seen(THREE.replace(old, new))
    assert result.verdict is Verdict.FAIL, result
    assert seen(THREE.replace(old, old.replace(b"\r\n ", b"\r\n\t  "))).passed


def test_the_sets_of_a_chain_may_stand_in_any_order() -> None:
    header, _, rest = THREE.partition(b"\r\nFrom:")
    fields = re.findall(rb"[^ \t\r].*\r\n(?:[ \t].*\r\n)*", header + b"\r\n")
    assert len(fields) == 9
    assert seen(b"".join(sorted(fields)) + b"From:" + rest).passed


def test_a_failure_of_the_dns_is_final() -> None:
    for missing in (Rcode.SERVFAIL, Rcode.NXDOMAIN):
        result = seen(THREE, Keys({**ZONE, "r._domainkey.relay.test": missing}))
        assert result.verdict is Verdict.FAIL
        assert result.reason.startswith("the seal of instance 2: ")
        result = seen(THREE, Keys({**ZONE, "l._domainkey.lists.test": missing}))
        assert result.reason.startswith("the message signature of instance 3: ")


def resealed(change: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A first set whose tags are written in another way before they are signed."""
    written = sealing.tag_field
    monkeypatch.setattr(sealing, "tag_field", lambda name, tags: change(written(name, tags)))
    monkeypatch.setattr(signing, "tag_field", lambda name, tags: change(written(name, tags)))
    return seal(LETTER)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"cv=none", b"cv=None", ""),  # RFC 8617 §3.9: the tag alone is case-sensitive
        (b"cv=none", b"CV=none", "cv= is missing"),
        (b"cv=none", b"cv= \r\n\tnone ", ""),
        (b"cv=none", b"cv=none; bh=x; c=simple; v=2; zz=", ""),
        (b"cv=none", b"cv=FAIL", "the chain was broken when instance 1 was sealed"),
        (b"i=1; c=", b"i=01 ;\tv=7; c=", ""),  # §4.1.2: a version is ignored
        (b" i=1; c=", b" (one) i (two) =\r\n (three) 1 (four; five);c=", ""),  # §3.9, [CFWS]
        (b" i=1; cv=", b"(one)i(two)=(three)1(four)\r\n ; cv=", ""),
        (b"i=1; c=", b"i(1)=2; i=1; c=", "the tag i= is there twice"),
        (b"i=1; c=", b"i=1; (no comment) c=", "not tag=value"),
        (b"i=1; c=", b"i=1; q=dns/txt; c=", ""),
        (b"i=1; c=", b"i=1; q=x-pigeon:dns/txt; c=", ""),
        (b"i=1; c=", b"i=1; q=x-pigeon; c=", "no key can be asked for by"),
        (b"i=1; c=", b"i=1; x=%d; c=" % (NOW - 1000), "it expires before it was made"),
    ],
)
def test_tags_of_a_set(old: bytes, new: bytes, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = resealed(lambda field: field.replace(old, new), monkeypatch)
    assert new in raw
    result = seen(raw)
    assert (result.passed, reason in result.reason) == (not reason, True), result.reason


def test_a_message_signature_must_not_sign_what_the_seal_covers() -> None:
    raw = re.sub(rb"h=From:", b"h=ARC-Seal:From:", ONE)
    assert "h= has arc-seal, which the seal covers" in seen(raw).reason


def test_a_broken_chain_is_sealed_by_itself() -> None:
    """RFC 8617 §5.1.2: the new seal covers its own set alone, and says fail; after that nothing is added."""
    broken = TWO + b"more\r\n"
    raw = seal(broken, RELAY)
    result = seen(raw)
    assert (result.verdict, result.highest, result.sealable) == (Verdict.FAIL, 3, False)
    with pytest.raises(Unsignable, match="given up"):
        seal(raw)
    own = [
        field(raw, name, 3) for name in (b"ARC-Authentication-Results", b"ARC-Message-Signature", b"ARC-Seal")
    ]
    assert b"cv=fail" in own[2]
    value = base64.b64decode(re.sub(rb"\s", b"", own[2].partition(b" b=")[2]))
    text = b""
    for one in (*own[:2], own[2].partition(b" b=")[0] + b" b="):
        name, _, content = one.partition(b":")
        text += name.lower() + b":" + b" ".join(content.split()) + b"\r\n"
    ed25519()._key.public_key().verify(value, hashlib.sha256(text.removesuffix(b"\r\n")).digest())


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: field(raw, b"ARC-Authentication-Results", 1) + raw,
        lambda raw: raw.replace(b"ARC-Message-Signature: i=1;", b"ARC-Message-Signature: i=0;"),
        lambda raw: without(raw, b"ARC-Seal", 2),
    ],
)
def test_who_finds_a_chain_given_up_adds_nothing_whatever_its_structure(
    change: Callable[[bytes], bytes],
) -> None:
    """RFC 8617 §5.1, step 2 and §5.2, step 2: it comes before the structure, which is why the chain was given up."""
    raw = seal(change(TWO), RELAY)
    result = seen(raw)
    assert b"cv=fail" in field(raw, b"ARC-Seal", 3)
    assert (result.verdict, result.highest, result.sealable) == (Verdict.FAIL, 3, False)
    with pytest.raises(Unsignable, match="given up"):
        seal(raw)


def test_signatures_of_dkim_are_in_what_is_sealed() -> None:
    raw = seal(signed())
    assert seen(raw).passed
    assert seen(raw.replace(b"DKIM-Signature: v=1;", b"DKIM-Signature: v=1; u=1;", 1)).verdict is Verdict.FAIL


def test_more_than_fifty_sets_and_hostile_headers_fail_at_once() -> None:
    texts = Keys(ZONE)
    many = b"".join(
        b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=x.test; s=x; b=AAAA\r\n" % n for n in range(1, 1001)
    )
    result = seen(many + LETTER, texts)
    assert (result.verdict, result.reason) == (Verdict.FAIL, "there are more than 50 sets")
    assert not result.sealable or result.highest == MAX_INSTANCE
    assert seen(b"ARC-Seal:\r\n" * 9 + LETTER, texts).verdict is Verdict.FAIL
    assert texts.asked == []


def records(name: bytes, timeout: int = 5) -> bytes:
    return ZONE[name.decode().removesuffix(".")].encode()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_another_program_finds_our_chains_whole(count: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    raw = LETTER
    for _ in range(count):
        raw = seal(raw, LIST, now=PAST)
    status, _, reason = dkim.arc_verify(raw, dnsfunc=records)
    assert status == b"pass", reason


def test_we_find_the_chains_of_another_program_whole() -> None:
    raw = LETTER
    for number in (1, 2, 3):
        status = b"none" if number == 1 else b"pass"
        results = b"Authentication-Results: lists.test; spf=pass; arc=" + status + b"\r\n"
        made = dkim.arc_sign(
            results + raw, b"l", b"lists.test", rsa().to_pem(), b"lists.test",
            include_headers=[b"from", b"subject"], timestamp=PAST,
        )  # fmt: skip
        raw = b"".join(made) + raw
    result = seen(raw)
    assert (result.reason, result.highest, result.oldest_pass) == ("", 3, 0)
