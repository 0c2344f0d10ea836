"""The evaluation of SPF records as a table: a world, a client, a sender, and the result (RFC 7208 §2 to §6)."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from spf_zone import check

V4, V6 = "192.0.2.9", "2001:db8::9"


class Case(NamedTuple):
    """`record` is that of e.test; `zone` are further lines. A sender of None checks the HELO name."""

    name: str
    record: str
    result: str
    zone: str = ""
    ip: str = V4
    sender: str | None = "alice@e.test"
    helo: str = "mail.e.test"


HOSTS = """
e.test A 192.0.2.9
e.test AAAA 2001:db8::9
other.test A 198.51.100.7
other.test AAAA 2001:db8:1::7
six.test AAAA 2001:db8::9
four.test A 192.0.2.9
none.test TXT hello
slow.test A !TIMEOUT
slow.test AAAA !SERVFAIL
slow.test MX !REFUSED
slow.test TXT !SERVFAIL
mxs.test MX 10 other.test.
mxs.test MX 20 four.test.
mxs.test MX 30 six.test.
nullmx.test MX 0 .
badmx.test MX 10 slow.test.
voidmx.test MX 10 gone.test.
voidmx.test MX 20 gone2.test.
voidmx.test MX 30 gone3.test.
voidmx.test MX 40 four.test.
pass.test TXT v=spf1 +all
fail.test TXT v=spf1 -all
soft.test TXT v=spf1 ~all
neutral.test TXT v=spf1 ?all
empty.test TXT v=spf1
wrong.test TXT v=spf1 moo
two.test TXT v=spf1 +all
two.test TXT v=spf1 -all
only9.test TXT v=spf1 ip4:192.0.2.9 -all
9.2.0.192.in-addr.arpa PTR mail.e.test
9.2.0.192.in-addr.arpa PTR forged.other.test
mail.e.test A 192.0.2.9
forged.other.test A 203.0.113.1
9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR v6.e.test
v6.e.test AAAA 2001:db8::9
1.2.0.192.in-addr.arpa PTR !SERVFAIL
2.2.0.192.in-addr.arpa PTR slow.test
2.2.0.192.in-addr.arpa PTR two.e.test
two.e.test A 192.0.2.2
4.2.0.192.in-addr.arpa PTR ae.test
ae.test A 192.0.2.4
"""

IDENTITIES = [
    Case("§2.4 mail from", "v=spf1 -all", "fail"),
    Case("§2.4 mail from of another domain", "v=spf1 -all", "pass", sender="a@pass.test"),
    Case("§2.4 the null sender is postmaster of helo", "v=spf1 -all", "pass", sender="", helo="pass.test"),
    Case("§2.4 null sender, helo without record", "v=spf1 -all", "none", sender="", helo="none.test"),
    Case("§2.4 null sender, helo is no domain", "v=spf1 -all", "none", sender="", helo="[192.0.2.9]"),
    Case("§2.4 null sender, helo is one label", "v=spf1 -all", "none", sender="", helo="OEMCOMPUTER"),
    Case("§2.4 null sender, no helo", "v=spf1 -all", "none", sender="", helo=""),
    Case("§2.3 helo", "v=spf1 +all", "fail", sender=None, helo="fail.test"),
    Case("§2.3 helo without record", "v=spf1 +all", "none", sender=None, helo="mail.e.test"),
    Case("§2.3 helo with a literal", "v=spf1 +all", "none", sender=None, helo="[IPv6:2001:db8::9]"),
    Case("§2.3 helo in capitals", "v=spf1 +all", "softfail", sender=None, helo="SOFT.TEST"),
    Case(
        "§4.3 no local part",
        "v=spf1 exists:%{l}.a.test -all",
        "pass",
        "postmaster.a.test A 127.0.0.2",
        sender="@e.test",
    ),
    Case("§4.3 a final dot", "v=spf1 +all", "pass", sender="alice@e.test."),
    Case("§4.3 capitals", "v=spf1 +all", "pass", sender="alice@E.TEST"),
    Case("§4.3 one label", "v=spf1 +all", "none", sender="alice@test"),
    Case("§4.3 an empty label", "v=spf1 +all", "none", sender="alice@a..e.test"),
    Case("§4.3 a leading dot", "v=spf1 +all", "none", sender="alice@.e.test"),
    Case(
        "§4.3 a label of 63",
        "v=spf1 +all",
        "pass",
        f"{'a' * 63}.test TXT v=spf1 +all",
        sender=f"alice@{'a' * 63}.test",
    ),
    Case(
        "§4.3 a label of 64",
        "v=spf1 +all",
        "none",
        f"{'a' * 64}.test TXT v=spf1 +all",
        sender=f"alice@{'a' * 64}.test",
    ),
    Case("§4.3 a domain of 254", "v=spf1 +all", "none", sender="alice@" + "a." * 125 + "test"),
    Case("§4.3 a literal", "v=spf1 +all", "none", sender="alice@[192.0.2.9]"),
    Case("§4.3 no such name", "v=spf1 +all", "none", sender="alice@gone.test"),
    Case("§4.3 a control character", "v=spf1 +all", "none", sender="alice@e\x00.test"),
    Case(
        "§4.3 U-labels",
        "v=spf1 -all",
        "pass",
        "xn--bcher-kva.test TXT v=spf1 +all",
        sender="alice@bücher.test",
    ),
    Case(
        "§4.3 U-labels of helo",
        "v=spf1 -all",
        "pass",
        "xn--bcher-kva.test TXT v=spf1 +all",
        sender=None,
        helo="BÜCHER.test",
    ),
    Case("§4.3 what has no A-labels", "v=spf1 -all", "none", sender="alice@\u2044\u0000é.test"),
    Case("§4.4 servfail", "v=spf1 +all", "temperror", sender="alice@slow.test"),
    Case("§4.4 timeout", "v=spf1 +all", "temperror", "t.test TXT !TIMEOUT", sender="alice@t.test"),
    Case("§4.4 unreachable", "v=spf1 +all", "temperror", "t.test TXT !UNREACHABLE", sender="alice@t.test"),
    Case("§4.4 refused", "v=spf1 +all", "temperror", "t.test TXT !REFUSED", sender="alice@t.test"),
    Case("§4.4 formerr", "v=spf1 +all", "temperror", "t.test TXT !FORMERR", sender="alice@t.test"),
    Case("§4.5 no text is a record", "v=spf1 +all", "none", sender="alice@none.test"),
    Case("§3.2 two records", "v=spf1 +all", "permerror", sender="alice@two.test"),
]

QUALIFIERS = [
    Case("§4.6.2 no qualifier", "v=spf1 ip4:192.0.2.9", "pass"),
    Case("§4.6.2 plus", "v=spf1 +ip4:192.0.2.9", "pass"),
    Case("§4.6.2 minus", "v=spf1 -ip4:192.0.2.9", "fail"),
    Case("§4.6.2 tilde", "v=spf1 ~ip4:192.0.2.9", "softfail"),
    Case("§4.6.2 question mark", "v=spf1 ?ip4:192.0.2.9", "neutral"),
    Case("§4.6.2 the first match counts", "v=spf1 ~a ip4:192.0.2.9 -all", "softfail"),
    Case("§4.7 nothing matches", "v=spf1 ip4:198.51.100.1", "neutral"),
    Case("§4.7 an empty record", "v=spf1", "neutral"),
    Case("§5.1 all", "v=spf1 all", "pass"),
    Case("§5.1 -all", "v=spf1 -all", "fail"),
    Case("§5.1 nothing behind all", "v=spf1 -all ip4:192.0.2.9", "fail"),
    Case("§5.1 redirect beside all", "v=spf1 redirect=pass.test -all", "fail"),
    Case("§6 unknown modifiers", "v=spf1 x=y moo=%{d} -all a=b", "fail"),
]

NETWORKS = [
    Case("§5.6 the address", "v=spf1 ip4:192.0.2.9 -all", "pass"),
    Case("§5.6 another", "v=spf1 ip4:192.0.2.8 -all", "fail"),
    Case("§5.6 /31", "v=spf1 ip4:192.0.2.8/31 -all", "pass"),
    Case("§5.6 /32", "v=spf1 ip4:192.0.2.8/32 -all", "fail"),
    Case("§5.6 bits behind the prefix", "v=spf1 ip4:192.0.2.255/24 -all", "pass"),
    Case("§5.6 /0", "v=spf1 ip4:0.0.0.0/0 -all", "pass"),
    Case("§5.6 ip4 and an IPv6 client", "v=spf1 ip4:0.0.0.0/0 -all", "fail", ip=V6),
    Case("§5.6 ip6", "v=spf1 ip6:2001:db8::9 -all", "pass", ip=V6),
    Case("§5.6 ip6 in another notation", "v=spf1 ip6:2001:0DB8:0:0::0009 -all", "pass", ip="2001:db8:0::9"),
    Case("§5.6 ip6 of another", "v=spf1 ip6:2001:db8::8 -all", "fail", ip=V6),
    Case("§5.6 ip6 /127", "v=spf1 ip6:2001:db8::8/127 -all", "pass", ip=V6),
    Case("§5.6 ip6 /0", "v=spf1 ip6:::/0 -all", "pass", ip=V6),
    Case("§5.6 ip6 and an IPv4 client", "v=spf1 ip6:::/0 -all", "fail"),
    Case("§5 a mapped client is IPv4", "v=spf1 ip4:192.0.2.9 -all", "pass", ip="::ffff:192.0.2.9"),
    Case("§5 a mapped client is not IPv6", "v=spf1 ip6:::ffff:192.0.2.9 -all", "fail", ip="::ffff:192.0.2.9"),
    Case("§5 a mapped client and A", "v=spf1 a -all", "pass", ip="::ffff:192.0.2.9"),
    Case("§5 a zone of the client is no matter", "v=spf1 ip6:fe80::/10 -all", "pass", ip="fe80::1%eth0"),
]

ADDRESSES = [
    Case("§5.3 a", "v=spf1 a -all", "pass"),
    Case("§5.3 a, IPv6", "v=spf1 a -all", "pass", ip=V6),
    Case("§5.3 a of another", "v=spf1 a:other.test -all", "fail"),
    Case("§5.3 a with a prefix", "v=spf1 a:other.test/8 -all", "fail"),
    Case("§5.3 a with a prefix that reaches", "v=spf1 a:other.test/1 -all", "pass"),
    Case("§5.3 a with the prefix for IPv6", "v=spf1 a:other.test//32 -all", "pass", ip=V6),
    Case("§5.3 each prefix for its family", "v=spf1 a:other.test/0//128 -all", "fail", ip=V6),
    Case("§5.3 each prefix for its family, IPv4", "v=spf1 a:other.test//0 -all", "fail"),
    Case("§5.3 /0 still needs an address", "v=spf1 a:none.test/0 -all", "fail"),
    Case("§5.3 /0 of any address", "v=spf1 a:other.test/0 -all", "pass"),
    Case(
        "§5.3 several addresses",
        "v=spf1 a:many.test -all",
        "pass",
        "many.test A 203.0.113.1\nmany.test A 192.0.2.9",
    ),
    Case("§5.3 no such name", "v=spf1 a:gone.test -all", "fail"),
    Case("§5.3 no address of the family", "v=spf1 a:six.test -all", "fail"),
    Case("§5.3 a final dot", "v=spf1 a:e.test. -all", "pass"),
    Case("§5 the DNS fails", "v=spf1 a:slow.test +all", "temperror"),
    Case("§5 the DNS fails, IPv6", "v=spf1 a:slow.test +all", "temperror", ip=V6),
    Case("§5 the DNS fails behind a match", "v=spf1 a a:slow.test", "pass"),
    Case("§5.3 a name that cannot be asked for", "v=spf1 a:a..test +all", "pass"),
    Case("§5.3 a label that is too long", f"v=spf1 a:{'x' * 64}.test -all", "fail"),
    Case("§5.4 mx", "v=spf1 mx:mxs.test -all", "pass"),
    Case("§5.4 mx, IPv6", "v=spf1 mx:mxs.test -all", "pass", ip=V6),
    Case("§5.4 mx of others", "v=spf1 mx:mxs.test -all", "fail", ip="192.0.2.10"),
    Case("§5.4 mx with a prefix", "v=spf1 mx:mxs.test/24 -all", "pass", ip="192.0.2.10"),
    Case("§5.4 mx with a prefix for IPv6", "v=spf1 mx:mxs.test/24//48 -all", "pass", ip="2001:db8:1::77"),
    Case("§5.4 mx of the domain", "v=spf1 mx -all", "pass", "e.test MX 5 four.test."),
    Case("§5.4 no implicit mx", "v=spf1 mx -all", "fail"),
    Case("§5.4 the null mx", "v=spf1 mx:nullmx.test -all", "fail"),
    Case("§5.4 mx fails", "v=spf1 mx:slow.test +all", "temperror"),
    Case("§5.4 an exchanger fails", "v=spf1 mx:badmx.test +all", "temperror"),
    Case("§5.4 void exchangers are one void term", "v=spf1 mx:voidmx.test -all", "pass"),
    Case("§5.7 exists", "v=spf1 exists:other.test -all", "pass"),
    Case("§5.7 exists for an IPv6 client", "v=spf1 exists:other.test -all", "pass", ip=V6),
    Case("§5.7 exists asks for A alone", "v=spf1 exists:six.test -all", "fail", ip=V6),
    Case("§5.7 exists not", "v=spf1 exists:gone.test -all", "fail"),
    Case("§5.7 exists fails", "v=spf1 exists:slow.test +all", "temperror"),
    Case(
        "§5.7 with macros",
        "v=spf1 exists:%{ir}.%{v}.l.test -all",
        "pass",
        "9.2.0.192.in-addr.l.test A 127.0.0.2",
    ),
]

NAMES = [
    Case("§5.5 ptr", "v=spf1 ptr -all", "pass"),
    Case("§5.5 ptr of another domain", "v=spf1 ptr:fail.test -all", "fail"),
    Case("§5.5 ptr in capitals", "v=spf1 ptr:E.TEST -all", "pass"),
    Case("§5.5 the name itself", "v=spf1 ptr:mail.e.test -all", "pass"),
    Case("§5.5 a name that does not point back", "v=spf1 ptr:other.test -all", "fail"),
    Case("§5.5 no subdomain by its letters alone", "v=spf1 ptr -all", "fail", ip="192.0.2.4"),
    Case("§5.5 IPv6", "v=spf1 ptr -all", "pass", ip=V6),
    Case("§5.5 no ptr record", "v=spf1 ptr -all", "fail", ip="203.0.113.77"),
    Case("§5.5 the DNS fails", "v=spf1 ptr -all", "fail", ip="192.0.2.1"),
    Case("§5.5 a name that fails is skipped", "v=spf1 ptr -all", "pass", ip="192.0.2.2"),
    Case("§5.5 a name of the client that fails", "v=spf1 ptr:slow.test -all", "fail", ip="192.0.2.2"),
]

INCLUDE = [
    Case("§5.2 pass", "v=spf1 include:pass.test -all", "pass"),
    Case("§5.2 pass with another qualifier", "v=spf1 ~include:pass.test -all", "softfail"),
    Case("§5.2 -include of pass", "v=spf1 -include:pass.test +all", "fail"),
    Case("§5.2 fail is no match", "v=spf1 include:fail.test ?all", "neutral"),
    Case("§5.2 softfail is no match", "v=spf1 include:soft.test -all", "fail"),
    Case("§5.2 neutral is no match", "v=spf1 include:neutral.test -all", "fail"),
    Case("§5.2 nothing matches inside", "v=spf1 include:empty.test -all", "fail"),
    Case("§5.2 none is an error", "v=spf1 include:none.test +all", "permerror"),
    Case("§5.2 no such name is an error", "v=spf1 include:gone.test +all", "permerror"),
    Case("§5.2 a wrong record", "v=spf1 include:wrong.test +all", "permerror"),
    Case("§5.2 two records", "v=spf1 include:two.test +all", "permerror"),
    Case("§5.2 the DNS fails", "v=spf1 include:slow.test +all", "temperror"),
    Case("§5.2 not reached", "v=spf1 +a include:wrong.test", "pass"),
    Case("§5.2 a name that is none", f"v=spf1 include:{'x' * 64}.test +all", "permerror"),
    Case("§5.2 one label", "v=spf1 include:%{h} +all", "permerror", helo="localhost"),
    Case(
        "§5.2 in one another",
        "v=spf1 include:b.test -all",
        "pass",
        "b.test TXT v=spf1 include:only9.test -all",
    ),
    Case(
        "§5.2 the inner -all does not decide",
        "v=spf1 include:only9.test ip4:192.0.2.10 -all",
        "pass",
        ip="192.0.2.10",
    ),
    Case(
        "§5.2 a redirect inside", "v=spf1 include:b.test -all", "pass", "b.test TXT v=spf1 redirect=pass.test"
    ),
    Case(
        "§5.2 a redirect inside that fails",
        "v=spf1 include:b.test ?all",
        "neutral",
        "b.test TXT v=spf1 redirect=fail.test",
    ),
    Case(
        "§5.2 a redirect inside to nothing",
        "v=spf1 include:b.test ?all",
        "permerror",
        "b.test TXT v=spf1 redirect=none.test",
    ),
    Case("§5.2 itself", "v=spf1 include:e.test -all", "permerror"),
    Case(
        "§5.2 in a circle", "v=spf1 include:b.test -all", "permerror", "b.test TXT v=spf1 include:e.test -all"
    ),
    Case(
        "§5.2 %{d} is the included domain",
        "v=spf1 include:b.test -all",
        "pass",
        "b.test TXT v=spf1 exists:%{d}.l.test\nb.test.l.test A 127.0.0.2",
    ),
    Case(
        "§5.2 %{o} stays",
        "v=spf1 include:b.test -all",
        "pass",
        "b.test TXT v=spf1 exists:%{o}.l.test\ne.test.l.test A 127.0.0.2",
    ),
    Case(
        "§5.2 `a` is of the included domain",
        "v=spf1 include:other.test -all",
        "fail",
        "other.test TXT v=spf1 a",
    ),
    Case("§5.2 by a macro", "v=spf1 include:%{l}.test -all", "pass", sender="pass@e.test"),
]

REDIRECT = [
    Case("§6.1 pass", "v=spf1 redirect=pass.test", "pass"),
    Case("§6.1 fail", "v=spf1 redirect=fail.test", "fail"),
    Case("§6.1 softfail", "v=spf1 redirect=soft.test", "softfail"),
    Case("§6.1 neutral", "v=spf1 redirect=empty.test", "neutral"),
    Case("§6.1 after all mechanisms", "v=spf1 redirect=fail.test a", "pass"),
    Case("§6.1 no record", "v=spf1 redirect=none.test", "permerror"),
    Case("§6.1 no such name", "v=spf1 redirect=gone.test", "permerror"),
    Case("§6.1 a name that is none", f"v=spf1 redirect={'x' * 64}.test", "permerror"),
    Case("§6.1 one label", "v=spf1 redirect=%{h}", "permerror", helo="localhost"),
    Case("§6.1 a wrong record", "v=spf1 redirect=wrong.test", "permerror"),
    Case("§6.1 two records", "v=spf1 redirect=two.test", "permerror"),
    Case("§6.1 the DNS fails", "v=spf1 redirect=slow.test", "temperror"),
    Case("§6.1 twice", "v=spf1 redirect=b.test", "pass", "b.test TXT v=spf1 redirect=pass.test"),
    Case("§6.1 in a circle", "v=spf1 redirect=b.test", "permerror", "b.test TXT v=spf1 redirect=e.test"),
    Case("§6.1 itself", "v=spf1 redirect=e.test", "permerror"),
    Case(
        "§6.1 `a` is of the target",
        "v=spf1 redirect=other.test",
        "pass",
        "other.test TXT v=spf1 a -all",
        ip="198.51.100.7",
    ),
    Case(
        "§6.1 %{d} is the target",
        "v=spf1 redirect=b.test",
        "pass",
        "b.test TXT v=spf1 exists:%{d}.l.test -all\nb.test.l.test A 127.0.0.2",
    ),
    Case("§6.1 by a macro", "v=spf1 redirect=_%{l}.%{d}", "pass", "_alice.e.test TXT v=spf1 +all"),
]

EIGHT = " ".join(f"exists:n{number}.l.test" for number in range(8))
LIMITS = [
    Case("§4.6.4 ten terms", "v=spf1 " + "a:other.test " * 10 + "+all", "pass"),
    Case("§4.6.4 eleven terms", "v=spf1 " + "a:other.test " * 11 + "+all", "permerror"),
    Case("§4.6.4 ten before the match", "v=spf1 " + "a:other.test " * 9 + "a -all", "pass"),
    Case(
        "§4.6.4 ip4, ip6 and all do not count", "v=spf1 " + "ip4:203.0.113.1 ip6:::2 " * 20 + "a -all", "pass"
    ),
    Case("§4.6.4 ten and a redirect", "v=spf1 " + "a:other.test " * 10 + "redirect=pass.test", "permerror"),
    Case("§4.6.4 nine and a redirect", "v=spf1 " + "a:other.test " * 9 + "redirect=pass.test", "pass"),
    Case("§4.6.4 exp does not count", "v=spf1 " + "a:other.test " * 10 + "-all exp=x.test", "fail"),
    Case("§4.6.4 all kinds", "v=spf1 a:other.test mx:mxs.test exists:e.test", "pass", ip="203.0.113.9"),
    Case(
        "§4.6.4 within includes",
        "v=spf1 include:b.test -all",
        "pass",
        "b.test TXT v=spf1 " + "a:other.test " * 9 + "+all",
    ),
    Case(
        "§4.6.4 too many within includes",
        "v=spf1 include:b.test -all",
        "permerror",
        "b.test TXT v=spf1 " + "a:other.test " * 10 + "+all",
    ),
    Case(
        "§4.6.4 over several includes",
        "v=spf1 include:b.test include:b.test +all",
        "permerror",
        "b.test TXT v=spf1 " + "a:other.test " * 5 + "-all",
    ),
    Case("§4.6.4 ptr counts", "v=spf1 " + "ptr:fail.test " * 11 + "+all", "permerror"),
    Case(
        "§4.6.4 a name that cannot be asked for counts", "v=spf1 " + "a:a..test " * 11 + "+all", "permerror"
    ),
    Case("§4.6.4 two void terms", "v=spf1 a:gone.test exists:gone.test +all", "pass"),
    Case("§4.6.4 three void terms", "v=spf1 a:gone.test exists:gone2.test mx:gone3.test +all", "permerror"),
    Case("§4.6.4 no data is void", "v=spf1 a:none.test a:none.test a:none.test +all", "permerror"),
    Case(
        "§4.6.4 three void terms, the match before",
        "v=spf1 a:gone.test a:gone.test ip4:192.0.2.9 a:gone.test",
        "pass",
    ),
    Case(
        "§4.6.4 void within includes",
        "v=spf1 a:gone.test include:b.test +all",
        "permerror",
        "b.test TXT v=spf1 a:gone.test a:gone.test",
    ),
    Case("§4.6.4 ptr may be void", "v=spf1 ptr a:gone.test a:gone.test +all", "permerror", ip="203.0.113.77"),
    Case("§4.6.4 a failure is not void", "v=spf1 ptr a:gone.test a:gone.test +all", "pass", ip="192.0.2.1"),
    Case(
        "§4.6.4 ten exchangers",
        "v=spf1 mx:m.test -all",
        "pass",
        "\n".join(f"m.test MX {n} other.test." for n in range(9)) + "\nm.test MX 99 four.test.",
    ),
    Case(
        "§4.6.4 eleven exchangers",
        "v=spf1 mx:m.test +all",
        "permerror",
        "\n".join(f"m.test MX {n} four.test." for n in range(11)),
    ),
    Case(
        "§4.6.4 the tenth name",
        "v=spf1 ptr:p.test -all",
        "pass",
        "\n".join(f"7.2.0.192.in-addr.arpa PTR n{n}.x.test" for n in range(9))
        + "\n7.2.0.192.in-addr.arpa PTR m.p.test\nm.p.test A 192.0.2.7",
        ip="192.0.2.7",
    ),
    Case(
        "§4.6.4 the eleventh name is ignored",
        "v=spf1 ptr:p.test -all",
        "fail",
        "\n".join(f"7.2.0.192.in-addr.arpa PTR n{n}.x.test" for n in range(10))
        + "\n7.2.0.192.in-addr.arpa PTR m.p.test\nm.p.test A 192.0.2.7",
        ip="192.0.2.7",
    ),
    Case(
        "§4.6.4 a long way down",
        "v=spf1 include:i1.test +all",
        "permerror",
        "\n".join(f"i{n}.test TXT v=spf1 include:i{n + 1}.test" for n in range(1, 40)),
    ),
    Case(
        "§4.6.4 many includes of many",
        "v=spf1 " + "include:b.test " * 9 + "+all",
        "permerror",
        "b.test TXT v=spf1 "
        + "include:c.test " * 9
        + "\nc.test TXT v=spf1 "
        + "include:d.test " * 9
        + "\nd.test TXT v=spf1",
    ),
]

WIDE = [
    Case("RFC 8616 §4 %{l} matches nothing", "v=spf1 exists:%{l}.l.test +all", "pass", sender="zoë@e.test"),
    Case(
        "RFC 8616 §4 %{s} matches nothing", "v=spf1 -exists:%{s}.l.test ~all", "softfail", sender="zoë@e.test"
    ),
    Case("RFC 8616 §4 nor does include", "v=spf1 include:%{l}.test ~all", "softfail", sender="zoë@e.test"),
    Case(
        "RFC 8616 §4 nor do capitals",
        "v=spf1 exists:%{L}.l.test ~all",
        "softfail",
        "zo%C3%AB.l.test A 127.0.0.2",
        sender="zoë@e.test",
    ),
    Case(
        "RFC 8616 §4 nor does a part in ASCII",
        "v=spf1 exists:%{l1r+}.l.test ~all",
        "softfail",
        "user.l.test A 127.0.0.2",
        sender="user+zoë@e.test",
    ),
    Case(
        "RFC 8616 §4 nor the domain of %{s}",
        "v=spf1 include:pass.%{s1} ~all",
        "softfail",
        sender="zoë@e.test",
    ),
    Case("RFC 8616 §4 redirect has no target", "v=spf1 redirect=%{l}.test", "permerror", sender="zoë@e.test"),
    Case(
        "RFC 8616 §4 other macros do",
        "v=spf1 exists:%{o}.l.test -all",
        "pass",
        "xn--bcher-kva.test TXT v=spf1 exists:%{o}.l.test -all\nxn--bcher-kva.test.l.test A 127.0.0.2",
        sender="zoë@bücher.test",
    ),
    Case("§7.3 a long local part", "v=spf1 exists:%{l}.l.test ~all", "softfail", sender="x" * 64 + "@e.test"),
    Case(
        "§7.3 a local part of 63",
        "v=spf1 exists:%{l}.l.test ~all",
        "pass",
        "x" * 63 + ".l.test A 127.0.0.2",
        sender="x" * 63 + "@e.test",
    ),
    Case("§7.3 dots in a row", "v=spf1 exists:%{l}.l.test ~all", "softfail", sender="a..b@e.test"),
    Case(
        "§7.3 a name that is too long loses labels",
        "v=spf1 exists:" + "%{l}." * 5 + "l.test -all",
        "pass",
        "y." + f"{'x' * 49}.y." * 4 + "l.test A 127.0.0.2",
        sender="x" * 49 + ".y@e.test",
    ),
]

CASES = [*IDENTITIES, *QUALIFIERS, *NETWORKS, *ADDRESSES, *NAMES, *INCLUDE, *REDIRECT, *LIMITS, *WIDE]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_result(case: Case) -> None:
    verdict = await check(f"{HOSTS}\ne.test TXT {case.record}\n{case.zone}", case.ip, case.sender, case.helo)
    assert (verdict.result, bool(verdict.problem)) == (
        case.result,
        case.result in ("none", "temperror", "permerror"),
    ), verdict.problem
