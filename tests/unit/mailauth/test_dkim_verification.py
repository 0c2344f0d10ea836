"""Round trips, and every way in which a signature, a key or a letter can be wrong, each with its verdict."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable

import pytest

from dkim_post import LETTER, NOW, Keys, check, ed25519, keys, rsa, signed, zone
from postroom.mailauth.dkim.canonical import BodyHash, Canon
from postroom.mailauth.dkim.private_key import PrivateKey
from postroom.mailauth.dkim.public_key import MAX_KEY_RECORD
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.signature import FUTURE_SECONDS, SKEW_SECONDS
from postroom.mailauth.dkim.signing import SigningTerms, sign
from postroom.mailauth.dkim.verification import (
    MAX_KEY_RECORDS,
    MAX_SIGNATURES,
    SignedMessage,
    Verification,
)
from postroom.message.headers.authentication_results import AuthenticationResults, render, value_text
from postroom.message.headers.header import Header
from postroom.proto.dns.answer import Rcode

HEADER, _, BODY = LETTER.partition(b"\r\n\r\n")
E1 = "e1._domainkey.crepes.test"
EMPTY = base64.b64encode(hashlib.sha256(b"").digest()).decode()
DATA = zone()[E1].partition("p=")[2]


def forged(tags: str, letter: bytes = LETTER, key: PrivateKey | None = None) -> bytes:
    """The letter below a signature with exactly these tags (and b=), rightly made: what no good signer would write.

    What the tags leave open is filled in: BH is the body's hash. The oracle here is plain: relaxed fields by name, from the bottom up.
    """
    header, _, body = letter.partition(b"\r\n\r\n")
    relaxed = b"".join(
        b" ".join(line.split()) + b"\r\n" for line in body.rstrip(b"\r\n").split(b"\r\n") if body.strip()
    )
    value = tags.replace("BH", base64.b64encode(hashlib.sha256(relaxed).digest()).decode())
    names = next((tag.partition("=")[2] for tag in value.split(";") if tag.strip().startswith("h=")), "")
    fields = header.replace(b"\r\n\t", b" ").split(b"\r\n")
    text = b""
    for name in names.lower().replace(" ", "").encode().split(b":"):
        for place in range(len(fields) - 1, -1, -1):
            if fields[place].partition(b":")[0].lower() == name:
                text += name + b":" + b" ".join(fields.pop(place).partition(b":")[2].split()) + b"\r\n"
                break
    text += b"dkim-signature:" + " ".join(f"{value}; b=".split()).encode()
    made = base64.b64encode((key or ed25519()).sign(hashlib.sha256(text).digest())).decode()
    return f"DKIM-Signature: {value}; b={made}\r\n".encode() + letter


GOOD = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=crepes.test; s=e1; h=from:to:subject; bh=BH"


def verdict(raw: bytes, texts: Keys | None = None, now: int = NOW) -> tuple[Verdict, str]:
    result = check(raw, texts, now)[0]
    assert result.passed == (not result.reason)
    return result.verdict, result.reason


def test_both_signatures_of_a_letter_pass() -> None:
    results = check(signed())
    assert [(one.verdict, one.algorithm, one.key.bits) for one in results] == [
        (Verdict.PASS, "rsa-sha256", 2048),
        (Verdict.PASS, "ed25519-sha256", 256),
    ]
    first = results[0]
    assert render(AuthenticationResults("mx.test", (first.method_result(),))).split() == [
        b"Authentication-Results:", b"mx.test;", b"dkim=pass", b"header.d=crepes.test", b"header.i=@crepes.test",
        b"header.s=r1", b"header.a=rsa-sha256", f"header.b={value_text(first.mark)}".encode(),
    ]  # fmt: skip
    assert (len(first.mark), first.signed_at, first.key.query) == (8, NOW, "r1._domainkey.crepes.test")
    assert first.key.record == rsa().record()


def test_a_letter_without_a_signature_has_no_result() -> None:
    assert check(LETTER) == ()
    assert check(b"") == ()


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        (lambda raw: raw.replace(b"Do you like   ketchup? ", b"Do you like ketchup?"), True),
        (lambda raw: raw + b"\r\n\r\n", True),
        (lambda raw: raw.replace(b"\r\n\tketchup", b" \t ketchup"), True),
        (lambda raw: raw.replace(b"\r\nSubject:", b"\r\nSUBJECT :"), True),
        (lambda raw: b"Received: by x\r\n" + raw, True),
        (lambda raw: b"X-New: 1\r\n" + raw, True),
        (lambda raw: raw.replace(b"pickles", b"Pickles"), False),
        (lambda raw: raw.replace(b"How about", b"Howabout"), False),
        (lambda raw: raw + b"p.s.\r\n", False),
        (lambda raw: raw.replace(b"bob@", b"eve@"), False),
        (lambda raw: raw.replace(b"To: bob@hamburger.test\r\n", b""), False),
        (lambda raw: b"Subject: other\r\n" + raw, False),
        (lambda raw: raw.replace(b"\r\nMIME-Version", b"\r\nSubject: other\r\nMIME-Version"), False),
        (lambda raw: b"Content-Type: text/html\r\n" + raw, False),
        (lambda raw: b"Reply-To: eve@evil.test\r\n" + raw, False),
        (lambda raw: raw.replace(b"t=1800000000", b"t=1800000001"), False),
        (lambda raw: raw.replace(b"v=1; ", b"v=1; u=x; "), False),
        (lambda raw: raw.replace(b";\r\n b=", b";\t\r\n\t b=\t"), True),
    ],
)
def test_what_a_signature_survives(change: Callable[[bytes], bytes], passes: bool) -> None:
    changed = change(signed())
    assert changed != signed()
    expected = Verdict.PASS if passes else Verdict.FAIL
    assert {one.verdict for one in check(changed)} == {expected}


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (b"From: eve@evil.test\r\n" + LETTER, "the message has 2 From fields, not one"),
        (LETTER.replace(b"To:", b"From : eve@evil.test\r\nTo:"), "the message has 2 From fields, not one"),
        (LETTER.replace(b"From:", b"Sender:"), "the message has no From fields, not one"),
        (b"X: 1\r\n" * 10_000 + LETTER, "the header is too long to be checked"),
    ],
)
def test_letters_that_no_signature_can_answer_for(letter: bytes, reason: str) -> None:
    raw = b"".join(sign(LETTER, keys(), NOW)) + letter
    assert {(one.verdict, one.reason) for one in check(raw)} == {(Verdict.PERMERROR, reason)}


SIGNATURES = [
    (GOOD, ""),
    (GOOD + "; q=dns/txt", ""),
    (GOOD + "; q=http/rest:DNS/TXT", ""),
    (GOOD + "; z=From:x|To:y", ""),
    (GOOD + "; i=alice@crepes.test", ""),
    (GOOD + "; i=@mail.Crepes.test", ""),
    (GOOD + "; i=a=40b@crepes.test", ""),
    (GOOD + "; x=1800000001; t=1800000000", ""),
    (GOOD + "; unknown=tag", ""),
    (GOOD.replace("d=crepes.test", "d=CREPES.test"), ""),
    (GOOD.replace("a=ed", "a=ED"), ""),
    (GOOD.replace("from:to", "To : FROM :\tcc:cc"), ""),
    (GOOD.replace("v=1; ", ""), "permerror: v= is missing"),
    (GOOD.replace("; bh=BH", ""), "permerror: bh= is missing"),
    (GOOD.replace("a=ed25519-sha256; ", ""), "permerror: a= is missing"),
    (GOOD.replace("; s=e1", ""), "permerror: s= is missing"),
    (GOOD.replace("; d=crepes.test", ""), "permerror: d= is missing"),
    (GOOD.replace("h=from:to:subject; ", ""), "permerror: h= is missing"),
    (GOOD.replace("v=1", "v=2"), "permerror: the version is '2', not 1"),
    (GOOD.replace("v=1", "v=1.0"), "permerror: the version is '1.0', not 1"),
    (GOOD.replace("v=1", "v="), "permerror: the version is '', not 1"),
    (GOOD + "; d=evil.test", "permerror: the tag d= is there twice"),
    (GOOD + "; ;", "permerror: not tag=value: ''"),
    (GOOD + "; x", "permerror: not tag=value: 'x'"),
    (GOOD.replace("ed25519-sha256", "rsa-sha1"), "permerror: rsa-sha1 is historic and proves nothing"),
    (GOOD.replace("ed25519-sha256", "ed448-sha512"), "neutral: the algorithm 'ed448-sha512' is not known"),
    (GOOD.replace("ed25519-sha256", "rsa-sha256"), "permerror: the key is ed25519, the signature rsa"),
    (GOOD.replace("relaxed/relaxed", "loose"), "neutral: the canonicalization 'loose' is not known"),
    (GOOD.replace("relaxed/relaxed", "relaxed/"), "neutral: the canonicalization 'relaxed/' is not known"),
    (GOOD + "; q=dns/srv", "neutral: no key can be asked for by 'dns/srv'"),
    (GOOD.replace("d=crepes.test", "d=test"), "permerror: d=test is not a domain"),
    (GOOD.replace("d=crepes.test", "d=[192.0.2.1]"), "permerror: d=[192.0.2.1] is not a domain"),
    (GOOD.replace("d=crepes.test", "d=crepes..test"), "permerror: d=crepes..test is not a domain"),
    (GOOD.replace("d=crepes.test", "d=crepes.test."), "permerror: d=crepes.test. is not a domain"),
    (GOOD.replace("s=e1", "s=a b"), "permerror: s=a b is not a selector"),
    (GOOD.replace("s=e1", "s="), "permerror: s= is not a selector"),
    (GOOD.replace("s=e1", "s=e1._domainkey.crepes.test.\0.any"), "permerror: the tag list has a control character"),
    (GOOD.replace("s=e1", "s=" + "e" * 64), f"permerror: s={'e' * 64} is not a selector"),
    (GOOD.replace("from:", ""), "permerror: From is not signed"),
    (GOOD.replace("from:", "x-from:"), "permerror: From is not signed"),
    (GOOD.replace("from:", "from::"), "permerror: h= is 'from::to:subject', which are no names"),
    (GOOD.replace("h=from:to:subject", "h="), "permerror: h= is '', which are no names"),
    (GOOD.replace("from:", "from:a b:"), "permerror: h= is 'from:a b:to:subject', which are no names"),
    (GOOD + "; i=@evil.test", "permerror: i=@evil.test is not within crepes.test"),
    (GOOD + "; i=@notcrepes.test", "permerror: i=@notcrepes.test is not within crepes.test"),
    (GOOD + "; i=alice", "permerror: i=alice is not an address"),
    (GOOD + "; i=crepes.test@", "permerror: i=crepes.test@ is not an address"),
    (GOOD + "; i=a=4@crepes.test", "permerror: a = without two hexadecimal digits"),
    (GOOD + "; t=now", "permerror: t= is not a number of at most 12 digits"),
    (GOOD + "; x=1" + "0" * 12, "permerror: x= is not a number of at most 12 digits"),
    (GOOD + "; t=1800000000; x=1800000000", "permerror: it expires before it was made"),
    (GOOD + "; x=1700000000", "fail: it expired at 1700000000, now it is 1800000000"),
    (GOOD + "; t=1900000000", "neutral: it is of the future: 1900000000, now it is 1800000000"),
    (GOOD + "; l=-1", "permerror: l= is not a number of at most 76 digits"),
    (GOOD + "; l=" + "9" * 77, "permerror: l= is not a number of at most 76 digits"),
    (GOOD + "; l=" + "9" * 76, f"fail: l= is {'9' * 76}, the body has 42 octets"),
    (GOOD + "; l=42", ""),
    (GOOD + "; l=41", "fail: the body is not the one that was signed"),
    (GOOD.replace("BH", EMPTY) + "; l=0", "policy: 42 octets of the body are not signed"),
    (GOOD.replace("BH", EMPTY), "fail: the body is not the one that was signed"),
    (GOOD.replace("BH", "AAAA"), "fail: the body is not the one that was signed"),
    (GOOD.replace("BH", "AA!A"), "permerror: bh= is not base64"),
    (GOOD.replace("s=e1", "s=none"), "permerror: there is no key at none._domainkey.crepes.test"),
    (GOOD.replace("s=e1", "s=r1"), "permerror: the key is rsa, the signature ed25519"),
    (GOOD.replace("d=crepes.test", "d=" + ".".join(["a" * 60] * 4)), "permerror: "),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "expected"), SIGNATURES)
def test_signatures(tags: str, expected: str) -> None:
    found, reason = verdict(forged(tags))
    assert (f"{found}: {reason}" if reason else "").startswith(expected)
    assert bool(reason) == bool(expected)


@pytest.mark.parametrize(
    ("b", "expected"),
    [("", "b= is empty"), ("AAAA", "the signature does not fit what it signs"), ("A", "b= is not base64")],
)
def test_signature_values(b: str, expected: str) -> None:
    raw = forged(GOOD)
    head, _, rest = raw.partition(b"; b=")
    changed = head + f"; b={b}\r\n".encode() + rest.partition(b"\r\n")[2]
    assert verdict(changed)[1] == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=DKIM1; k=ed25519; p=@KEY@", ""),
        ("k=ed25519; p=@KEY@", ""),
        ("v=DKIM1; k=ed25519; n=a note; h=sha1 : sha256; s=email : x; t=s:future; p=@SPLIT@;", ""),
        ("v=DKIM1; k=ed25519; s=*; p=@KEY@", ""),
        ("v=DKIM1.0; k=ed25519; p=@KEY@", "another version"),
        ("v=dkim1; k=ed25519; p=@KEY@", "another version"),
        ("k=ed25519; v=DKIM1; p=@KEY@", "not its first tag"),
        ("v=spf1 -all; k=ed25519; p=@KEY@", "another version"),
        ("v=spf1 -all", "another version"),
        ("hello", "the key record cannot be read: not tag=value: 'hello'"),
        ("v=DKIM1; k=ed25519; k=rsa; p=@KEY@", "the tag k= is there twice"),
        ("v=DKIM1; k=ed25519; n=é\0; p=@KEY@", "a control character"),
        ("", "the record has no key"),
        ("v=DKIM1; k=ed25519", "the record has no key"),
        ("v=DKIM1; k=ed25519; p=", "the key was revoked"),
        ("v=DKIM1; k=ed25519; p= ;", "the key was revoked"),
        ("v=DKIM1; k=ed25519; p=%%", "p= is not base64"),
        ("v=DKIM1; k=ed25519; p=AAAA", "it has not 32 octets"),
        ("v=DKIM1; k=ed448; p=@KEY@", "the key is ed448, the signature ed25519"),
        ("v=DKIM1; p=@KEY@", "the key is rsa, the signature ed25519"),
        ("v=DKIM1; k=ed25519; h=sha1; p=@KEY@", "the key is not for sha256"),
        ("v=DKIM1; k=ed25519; h=; p=@KEY@", "the key is not for sha256"),
        ("v=DKIM1; k=ed25519; s=tlsrpt; p=@KEY@", "the key is not for mail"),
        ("@OTHER@", "the signature does not fit what it signs"),
    ],
)  # fmt: skip
def test_key_records(record: str, expected: str) -> None:
    """The keys are made anew in each process, so they stand in no name of a test."""
    record = (
        record.replace("@KEY@", DATA)
        .replace("@SPLIT@", f"{DATA[:9]} {DATA[9:]}")
        .replace("@OTHER@", ed25519(2).record())
    )
    found, reason = verdict(forged(GOOD), Keys({E1: record}))
    assert expected in reason
    assert bool(reason) == bool(expected)
    assert found is (Verdict.FAIL if "fit" in expected else Verdict.PERMERROR if expected else Verdict.PASS)


RSA_GOOD = GOOD.replace("ed25519", "rsa").replace("s=e1", "s=r1")
R1 = "r1._domainkey.crepes.test"


@pytest.mark.parametrize(("bits", "expected"), [(1024, ""), (2048, ""), (4096, "")])
def test_sizes_of_rsa_keys(bits: int, expected: str) -> None:
    raw = forged(RSA_GOOD, key=rsa(bits))
    assert verdict(raw, Keys({R1: rsa(bits).record()}))[1] == expected


def der(modulus: int, exponent: int = 65537) -> str:
    """An RSAPublicKey by hand: the library makes none that is so weak."""

    def element(kind: int, octets: bytes) -> bytes:
        size = len(octets)
        length = (
            bytes([size])
            if size < 128
            else b"\x81" + bytes([size])
            if size < 256
            else b"\x82" + size.to_bytes(2, "big")
        )
        return bytes([kind]) + length + octets

    def integer(value: int) -> bytes:
        return element(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    return base64.b64encode(element(0x30, integer(modulus) + integer(exponent))).decode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (der((1 << 511) + 187), "the key has 512 bits"),
        (der((1 << 1022) + 187), "the key has 1023 bits"),
        (der((1 << 4096) + 187), "the key has 4097 bits"),
        (der((1 << 2047) + 187, 1), "RSA"),
        (der((1 << 2047) + 187, 2), "RSA"),
        (der((1 << 3071) + 187, (1 << 64) + 1), "exponent has more than 64 bits"),
        ("@KEY@", "p= is not an RSA key"),
        ("MAA=", "p= is not an RSA key"),
    ],
)
def test_rsa_keys_that_prove_nothing(data: str, expected: str) -> None:
    found, reason = verdict(forged(RSA_GOOD, key=rsa()), Keys({R1: f"p={data.replace('@KEY@', DATA)}"}))
    assert (found, expected in reason or "exponent" in reason) == (Verdict.PERMERROR, True), reason


def test_a_key_of_the_bare_form_of_the_text() -> None:
    """RFC 6376 §3.6.1 says RSAPublicKey; all publish SubjectPublicKeyInfo; both are read."""
    whole = base64.b64decode(rsa().record().partition("p=")[2])
    bare = whole[whole.index(b"\x03\x82") + 5 :]
    assert bare[0] == 0x30
    assert verdict(forged(RSA_GOOD, key=rsa()), Keys({R1: f"p={base64.b64encode(bare).decode()}"}))[1] == ""


def test_a_strict_key_signs_for_its_domain_alone() -> None:
    strict = Keys({E1: f"v=DKIM1; k=ed25519; t=s; p={DATA}"})
    assert verdict(forged(GOOD), strict)[1] == ""
    assert verdict(forged(GOOD + "; i=a@Crepes.Test"), strict)[1] == ""
    found, reason = verdict(forged(GOOD + "; i=a@sub.crepes.test"), strict)
    assert (found, reason) == (
        Verdict.PERMERROR,
        "the key signs for crepes.test alone, not for sub.crepes.test",
    )


def test_a_key_that_is_tested_counts_for_nothing() -> None:
    testing = Keys({E1: f"v=DKIM1; k=ed25519; t=y; p={DATA}"})
    (good,) = check(forged(GOOD), testing)
    assert (good.verdict, good.would_be, good.key.testing) == (Verdict.NEUTRAL, Verdict.PASS, True)
    (bad,) = check(forged(GOOD) + b"more", testing)
    assert (bad.verdict, bad.would_be) == (Verdict.NEUTRAL, Verdict.FAIL)
    assert bad.reason.startswith("the domain tests its key (it would be fail: the body")


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.TIMEOUT, Rcode.REFUSED, Rcode.UNREACHABLE])
def test_a_dns_that_fails_is_a_temporary_error(rcode: Rcode) -> None:
    assert verdict(forged(GOOD), Keys({E1: rcode})) == (
        Verdict.TEMPERROR,
        f"{E1} could not be asked for: {rcode}",
    )


def test_several_records_of_one_name_are_tried_a_few_of_them() -> None:
    right, wrong = f"k=ed25519; p={DATA}".encode(), ed25519(2).record().encode()
    assert verdict(forged(GOOD), Keys({E1: [b"junk", wrong, right]}))[1] == ""
    assert verdict(forged(GOOD), Keys({E1: [wrong] * (MAX_KEY_RECORDS - 1) + [right]}))[1] == ""
    assert verdict(forged(GOOD), Keys({E1: [wrong] * MAX_KEY_RECORDS + [right]}))[0] is Verdict.FAIL
    assert verdict(forged(GOOD), Keys({E1: [b"p=", b"junk"]}))[1] == "the key was revoked"


def test_the_times_of_a_signature_have_a_tolerance() -> None:
    assert verdict(forged(GOOD + f"; x={NOW - SKEW_SECONDS}"))[1] == ""
    assert verdict(forged(GOOD + f"; x={NOW - SKEW_SECONDS - 1}"))[0] is Verdict.FAIL
    assert verdict(forged(GOOD + f"; t={NOW + FUTURE_SECONDS}"))[1] == ""
    assert verdict(forged(GOOD + f"; t={NOW + FUTURE_SECONDS + 1}"))[0] is Verdict.NEUTRAL


def test_u_labels_are_asked_for_as_a_labels() -> None:
    name = "e1._domainkey.xn--bcher-kva.test"
    texts = Keys({name: zone()[E1]})
    (result,) = check(forged(GOOD.replace("crepes.test", "bücher.test") + "; i=x@sub.bücher.test"), texts)
    assert (result.passed, result.domain, texts.asked) == (True, "xn--bcher-kva.test", [name])


def test_what_cannot_verify_asks_for_no_key() -> None:
    texts = Keys(zone())
    check(forged(GOOD.replace("ed25519-sha256", "rsa-sha1")), texts)
    assert texts.asked == []


def test_so_many_signatures_are_tried_and_no_more() -> None:
    field = sign(LETTER, keys()[1:], NOW, SigningTerms())[0]
    results = check(field * MAX_SIGNATURES + LETTER)
    assert [one.passed for one in results] == [True] * MAX_SIGNATURES
    many = field * 1000 + LETTER
    assert [one.passed for one in check(many)] == [True] * MAX_SIGNATURES
    assert Verification(SignedMessage(Header.parse(many), NOW)).untried == 1000 - MAX_SIGNATURES


def test_a_body_is_gone_through_once_for_each_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many beginnings of it are signed."""
    made: list[BodyHash] = []

    def counted(canon: Canon) -> BodyHash:
        made.append(BodyHash(canon))
        return made[-1]

    monkeypatch.setattr("postroom.mailauth.dkim.verification.BodyHash", counted)
    monkeypatch.setattr("postroom.mailauth.dkim.verification.MAX_SIGNATURES", 100)
    tags = [f"{GOOD}; l={length}" for length in (42, *range(40))]
    tags.append(GOOD.replace("relaxed/relaxed", "relaxed/simple"))
    fields = b"".join(forged(one).partition(b"\r\n")[0] + b"\r\n" for one in tags)
    reasons = [one.reason for one in check(fields + LETTER)]
    assert reasons[0] == ""
    assert set(reasons[1:41]) == {"the body is not the one that was signed"}
    assert sum(bool(one.octets) for one in made) == 2


def test_other_signatures_may_be_signed_by_one() -> None:
    below = forged(GOOD)
    tags = GOOD.replace("from:", "from:dkim-signature:dkim-signature:")
    both = forged(tags, below)
    assert [one.reason for one in check(both)] == ["", ""]
    changed = both.replace(b"\r\nDKIM-Signature: v=1;", b"\r\nDKIM-Signature: v=1; u=1;")
    assert [one.verdict for one in check(changed)] == [Verdict.FAIL, Verdict.FAIL]


SIMPLE = "v=1; a=ed25519-sha256; d=crepes.test; s=e1; h=from:received:received; bh="


@pytest.mark.parametrize("ending", [b"\r\n", b" \r\n\t\r\n", b";\r\n", b" ;\r\n\tu=1\r\n"])
def test_a_simple_signature_is_taken_as_it_stands(ending: bytes) -> None:
    """c= is simple/simple when it is not there; b= is taken out with its white space, and nothing else is."""
    fields = [b"Received:  <A>\r\n", b"rECEIVED : <B>\r\n\t x\r\n", b"From:  alice@crepes.test\r\n"]
    body = b"a  b \r\n"
    digest = base64.b64encode(hashlib.sha256(body).digest())
    head = b"DKIM-signature:\t" + SIMPLE.encode() + digest + b" ;\r\n b ="
    kept = ending.rstrip(b"\r\n") if b";" in ending else b""
    text = fields[2] + fields[1] + fields[0] + head + kept.lstrip(b" ")
    value = base64.b64encode(ed25519().sign(hashlib.sha256(text).digest()))
    raw = head + b" " + value[:40] + b"\r\n " + value[40:] + ending + b"".join(fields) + b"\r\n" + body
    (result,) = check(raw)
    assert result.reason == ""
    assert check(raw.replace(b"a  b", b"a b"))[0].verdict is Verdict.FAIL
    assert check(raw.replace(b"rECEIVED", b"Received"))[0].verdict is Verdict.FAIL


def test_one_canonicalization_is_that_of_the_header() -> None:
    tags = GOOD.replace("relaxed/relaxed", "relaxed")
    letter = HEADER + b"\r\n\r\nplain\r\n"
    assert check(forged(tags, letter))[0].reason == ""
    assert check(forged(tags, letter).replace(b"plain", b"plain "))[0].verdict is Verdict.FAIL


def test_the_body_in_pieces_is_the_body() -> None:
    raw = signed()
    header = Header.parse(raw)
    message = SignedMessage(header, NOW)
    verification = Verification(message)
    for at in range(header.end, len(raw)):
        message.feed(raw[at : at + 1])
    results = asyncio.run(verification.results(Keys(zone())))
    assert results == check(raw)
    assert Canon("relaxed") is Canon.RELAXED


def test_a_record_may_be_so_long() -> None:
    start = f"v=DKIM1; k=ed25519; p={DATA}; n="
    longest = start + "x" * (MAX_KEY_RECORD - len(start))
    assert verdict(forged(GOOD), Keys({E1: longest}))[1] == ""
    assert verdict(forged(GOOD), Keys({E1: longest + "x"}))[1].startswith("the key record has 4097 octets")
