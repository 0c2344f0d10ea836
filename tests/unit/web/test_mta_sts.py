"""The policy as RFC 8461 §3.2 writes it."""

from postroom.web.mta_sts import Policy


def test_a_policy_and_its_id() -> None:
    policy = Policy("enforce", ("mx1.l.test", "*.m.test"), 86_400)
    assert policy.text() == (
        "version: STSv1\r\nmode: enforce\r\nmx: mx1.l.test\r\nmx: *.m.test\r\nmax_age: 86400\r\n"
    )
    assert policy.id.isalnum()
    assert len(policy.id) <= 32
    assert policy.id == Policy("enforce", ("mx1.l.test", "*.m.test"), 86_400).id
    assert policy.id != Policy("testing", ("mx1.l.test", "*.m.test"), 86_400).id


def test_no_policy_names_no_host() -> None:
    assert (
        Policy("none", ("mx.l.test",), 86_400).text() == "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
    )
