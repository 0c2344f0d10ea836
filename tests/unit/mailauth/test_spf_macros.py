"""Macros of SPF: what each letter, transformer and delimiter makes (RFC 7208 §7), seen in the name that is asked for."""

from __future__ import annotations

import pytest

from postroom.mailauth.spf.macros import ENOUGH, MAX_NAME, domain_spec, target_name
from spf_zone import Zone, check

RFC = "strong-bad@email.example.com"  # the sender of RFC 7208 §7.4
EXAMPLES = [  # of RFC 7208 §7.4, and around them
    ("%{s}", "strong-bad@email.example.com"),
    ("%{o}", "email.example.com"),
    ("%{d}", "email.example.com"),
    ("%{d4}", "email.example.com"),
    ("%{d3}", "email.example.com"),
    ("%{d2}", "example.com"),
    ("%{d1}", "com"),
    ("%{dr}", "com.example.email"),
    ("%{d2r}", "example.email"),
    ("%{d1r}", "email"),
    ("%{l}", "strong-bad"),
    ("%{l-}", "strong.bad"),
    ("%{lr}", "strong-bad"),
    ("%{lr-}", "bad.strong"),
    ("%{l1r-}", "strong"),
    ("%{L1R-}", "strong"),
    ("%{h}", "mail.e.test"),
    ("%{h1}", "test"),
    ("%{i}", "192.0.2.3"),
    ("%{ir}", "3.2.0.192"),
    ("%{i2}", "2.3"),
    ("%{i2r}", "0.192"),
    ("%{v}", "in-addr"),
    ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
    ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
    ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
    ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
    ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
    ("a%%b%_c%-d.test", "a%b c%20d.test"),
    ("%{d127}", "email.example.com"),
    ("%{d99999999}", "email.example.com"),
    ("%{d01}", "com"),
    ("%{S}", "strong-bad%40email.example.com"),
    ("%{o.-}", "email.example.com"),
    ("%{o-}", "email.example.com"),
    ("%{dr-}", "email.example.com"),
]


async def asked_for(spec: str, sender: str = RFC, ip: str = "192.0.2.3", zone: str = "") -> str:
    """The name of the A record that `exists:spec` asks for."""
    domain = sender.rpartition("@")[2]
    world = Zone(f"{domain} TXT v=spf1 exists:{spec} -all\n{zone}")
    await check(world, ip, sender)
    return world.asked[-1].removesuffix(" A")


@pytest.mark.parametrize(("spec", "name"), EXAMPLES)
async def test_the_examples(spec: str, name: str) -> None:
    assert await asked_for(spec) == name


async def test_ipv6() -> None:
    nibbles = "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1"
    assert await asked_for("%{i}.a.test", ip="2001:db8::cb01") == f"{nibbles}.a.test"
    expected = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
    assert await asked_for("%{ir}.%{v}._spf.%{d2}", ip="2001:db8::cb01") == expected
    assert await asked_for("%{i}.%{v}.test", ip="::ffff:192.0.2.3") == "192.0.2.3.in-addr.test"


@pytest.mark.parametrize(
    ("local", "spec", "name"),
    [
        ("a.b-c+d,e/f_g=h", "%{l}.x.test", "a.b-c+d,e/f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l.}.x.test", "a.b-c+d,e/f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l-}.x.test", "a.b.c+d,e/f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l+}.x.test", "a.b-c.d,e/f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l,}.x.test", "a.b-c+d.e/f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l/}.x.test", "a.b-c+d,e.f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l_}.x.test", "a.b-c+d,e/f.g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l=}.x.test", "a.b-c+d,e/f_g.h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{lr.-+,/_=}.x.test", "h.g.f.e.d.c.b.a.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l3r.-+,/_=}.x.test", "c.b.a.x.test"),
        ("a.b-c+d,e/f_g=h", "%{l1-}.x.test", "c+d,e/f_g=h.x.test"),
        ("a.b-c+d,e/f_g=h", "%{lr+}.x.test", "d,e/f_g=h.a.b-c.x.test"),
        ("a~b!c*d'e(f)", "%{L}.x.test", "a~b%21c%2ad%27e%28f%29.x.test"),
        ("a.b-c_d", "%{L}.x.test", "a.b-c_d.x.test"),
        ("user+ext", "%{l1+}.x.test", "ext.x.test"),
        ("user+ext", "%{l1r+}.x.test", "user.x.test"),
        ("a b", "%{l}.x.test", "a b.x.test"),
        ('back\\slash"', "%{l}.x.test", 'back\\\\slash".x.test'),
        ("Alice", "%{l}.x.test", "alice.x.test"),
    ],
)
async def test_local_parts(local: str, spec: str, name: str) -> None:
    assert await asked_for(spec, f"{local}@e.test") == name


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("", "unknown"),
        ("3.2.0.192.in-addr.arpa PTR !SERVFAIL", "unknown"),
        ("3.2.0.192.in-addr.arpa PTR forged.test", "unknown"),
        ("3.2.0.192.in-addr.arpa PTR slow.test\nslow.test A !TIMEOUT", "unknown"),
        ("3.2.0.192.in-addr.arpa PTR any.test\nany.test A 192.0.2.3", "any.test"),
        (
            (
                "3.2.0.192.in-addr.arpa PTR any.test\n3.2.0.192.in-addr.arpa PTR in.e.test\n"
                "any.test A 192.0.2.3\nin.e.test A 192.0.2.3"
            ),
            "in.e.test",
        ),
        (
            (
                "3.2.0.192.in-addr.arpa PTR in.e.test\n3.2.0.192.in-addr.arpa PTR e.test\n"
                "e.test A 192.0.2.3\nin.e.test A 192.0.2.3"
            ),
            "e.test",
        ),
        (
            (
                "3.2.0.192.in-addr.arpa PTR in.e.test\n3.2.0.192.in-addr.arpa PTR any.test\n"
                "any.test A 192.0.2.3\nin.e.test A 192.0.2.4"
            ),
            "any.test",
        ),
    ],
)
async def test_the_validated_name(zone: str, name: str) -> None:
    """RFC 7208 §7.3, `p`: the domain, a name in it, any; never an error."""
    assert await asked_for("%{p}.x.test", "alice@e.test", zone=zone) == f"{name}.x.test"


async def test_the_validated_name_costs_one_round_of_questions() -> None:
    """§4.6.4: ten names at most, each asked for once, however often the letter stands there; none of it is void."""
    names = "\n".join(f"3.2.0.192.in-addr.arpa PTR n{n}.test" for n in range(30))
    world = Zone(
        "e.test TXT v=spf1 "
        + "exists:%{p}%{p}.here.test " * 9
        + f"-all\nunknownunknown.here.test AAAA ::1\n{names}"
    )
    verdict = await check(world, "192.0.2.3", "alice@e.test")
    assert sum(" PTR" in question for question in world.asked) == 1
    assert sum(question.startswith("n") and "unknown" not in question for question in world.asked) == 10
    assert verdict.result == "permerror"  # of the three void terms


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.test.", "a.test"),
        ("a..test", ""),
        (".a.test", ""),
        ("", ""),
        (".", ""),
        ("x" * 63 + ".test", "x" * 63 + ".test"),
        ("x" * 64 + ".test", ""),
        ("é.test", None),
        ("ab." * 84 + "x", "ab." * 84 + "x"),  # 253
        ("ab." * 84 + "xy", "ab." * 83 + "xy"),  # 254
        ("ab." * 84 + "x.", "ab." * 84 + "x"),
        ("a." + "b" * 254, ""),
        ("b" * 300, ""),
    ],
)
def test_target_names(text: str, name: str | None) -> None:
    assert target_name(text) == name
    assert len(name or "") <= MAX_NAME


def test_a_long_record_expands_in_bounds() -> None:
    """The most that a record can ask for: as many macros as fit, each as long as an address. As much is made of it as is used."""
    spec = domain_spec(b"%{s}" * 2000)
    values = dict.fromkeys("slodiphvcrt", "a." * 160)
    assert len(spec.expand(values)) == 2000 * 320
    assert spec.ending(values, ENOUGH) == "a." * 160
    assert target_name("a." * 320_000 + "test") == "a." * 124 + "test"


@pytest.mark.parametrize(
    "value", ["a." * 3, "ab.", "x" * 63, "x" * 64, ".", "a" * 252, "a." * 127, "a..b", "abc." * 64]
)
@pytest.mark.parametrize(
    "text", ["%{s}" * 200, "%{s}" * 200 + ".test", "%{s}" * 200 + ".e.test.", "b." + "%{s1}" * 300]
)
def test_the_end_decides_which_name_it_is(text: str, value: str) -> None:
    spec, values = domain_spec(text.encode()), {"s": value}
    assert target_name(spec.ending(values, ENOUGH)) == target_name(spec.expand(values))
