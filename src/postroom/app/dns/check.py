"""Whether the records of a domain are there and say what they should; each with a verdict, a reason and the remedy.

Each check is a function of the record that is wanted and a `Survey`; a table says which record has which. SPF is not compared but evaluated (RFC 7208 §4), as others
do; for the rest see `texts`, for keys of DKIM and TLS too. RFC 5321 §5.1 (MX), RFC 1912 §2.1 (names of addresses), RFC 6186 §3 (SRV), RFC 8659 §3 (CAA). Not here:
which records are wanted (`records`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from postroom.app.dns.forms import WrittenRecord
from postroom.app.dns.policy import Fetch, policy
from postroom.app.dns.survey import Survey
from postroom.app.dns.texts import dkim, dmarc, left_over_tlsa, mta_sts, spf, tls_reports, tlsa
from postroom.app.dns.verdicts import Checked, Verdict, impossible, publish, replace, said, unanswered
from postroom.proto.dns.answer import Mx
from postroom.proto.dns.resolver import Surveyor, reverse_name

Check = Callable[[WrittenRecord, Survey], Awaitable[Checked]]


async def check(
    wanted: Sequence[WrittenRecord], resolver: Surveyor, fetch: Fetch | None = None
) -> list[Checked]:
    """The verdict on each record, in their order, on keys that are still named, on each address's name, and on the policy of MTA-STS."""
    survey = await Survey.of(wanted, resolver)
    found = [
        await CHECKS.get((record.topic, record.type), _unknown)(record, survey)
        for record in wanted
        if record.type != "PTR"
    ]
    return [*found, *await left_over_tlsa(survey), *await _names(survey), await policy(survey, fetch)]


async def _mx(record: WrittenRecord, survey: Survey) -> Checked:
    answer = await survey.resolver.mx(survey.domain)
    if answer.failed:
        return unanswered(record, answer)
    if not answer.records:
        return said(record, Verdict.MISSING, "nobody can send mail to the domain", answer, publish(record))
    hosts = [one.exchange for one in sorted(answer.records)]
    if survey.host not in hosts:
        words = f"mail for the domain goes to {', '.join(hosts) or 'nobody'}, not to {survey.host}"
        return said(record, Verdict.WRONG, words, answer, replace(record, ", ".join(answer.texts())))
    best = min(one.preference for one in answer.records)
    if Mx(best, survey.host) not in answer.records:  # those of one preference take turns
        words = f"mail goes to {hosts[0]} first, and to {survey.host} only when that is down"
        return said(record, Verdict.WARNING, words, answer)
    return said(record, Verdict.OK, f"mail for the domain goes to {survey.host}", answer)


async def _address(record: WrittenRecord, survey: Survey) -> Checked:
    answer = survey.addresses
    kind = [ip for ip in answer.records if (":" in ip) == (record.type == "AAAA")]
    if answer.failed:
        return unanswered(record, answer)
    if not kind:
        fix = publish(record) if record.value else "publish its public address"
        return said(record, Verdict.MISSING, f"{survey.host} has no {record.type} record", answer, fix)
    if record.value and record.value not in kind:
        words = f"{survey.host} is at {', '.join(kind)}, not at {record.value}"
        return said(record, Verdict.WRONG, words, answer, replace(record, ", ".join(kind)))
    return said(record, Verdict.OK, f"{survey.host} is at {', '.join(kind)}", answer)


async def _names(survey: Survey) -> list[Checked]:
    """RFC 1912 §2.1: each address has the host's name, and that name has the address."""
    found = []
    for ip in survey.addresses.records:
        name = f"{reverse_name(ip)}."
        line = f"{name} 300 IN PTR {survey.host}."
        record = WrittenRecord("PTR", name, name, "PTR", 300, f"{survey.host}.", line, "", "", False)
        answer = await survey.resolver.ptr(ip)
        ask = f"ask whoever gave you {ip} to set: {line}"
        if answer.failed:
            found.append(unanswered(record, answer))
        elif not answer.records:
            words = f"{ip} has no name: many servers refuse mail from such an address"
            found.append(said(record, Verdict.MISSING, words, answer, ask))
        elif survey.host not in answer.records:
            words = f"{ip} is called {', '.join(answer.records)}, not {survey.host}"
            found.append(said(record, Verdict.WRONG, words, answer, ask))
        else:
            found.append(said(record, Verdict.OK, f"{ip} is called {survey.host}", answer))
    return found


async def _alias(record: WrittenRecord, survey: Survey) -> Checked:
    """A name that leads to the host, by an alias or by addresses of its own."""
    name = record.name.removesuffix(".")
    answer = await survey.resolver.addresses(name)
    if answer.failed:
        return unanswered(record, answer)
    if not answer.records:
        return said(record, Verdict.MISSING, f"{name} leads nowhere", answer, publish(record))
    if survey.addresses.records and not set(answer.records) & set(survey.addresses.records):
        words = f"{name} leads to {', '.join(answer.records)}, which is not {survey.host}"
        return said(record, Verdict.WRONG, words, answer, replace(record, ", ".join(answer.records)))
    return said(record, Verdict.OK, f"{name} leads to this host", answer)


async def _srv(record: WrittenRecord, survey: Survey) -> Checked:
    answer = await survey.resolver.srv(record.name.removesuffix("."))
    offered = not record.value.endswith(" .")
    if answer.failed:
        return unanswered(record, answer)
    if not answer.records:
        if not offered:
            return said(record, Verdict.OK, "nothing is offered there, and nobody is told otherwise", answer)
        return said(record, Verdict.MISSING, "mail programs have to guess", answer, publish(record))
    *_, port, target = record.value.split()
    places = {(str(one.port), f"{one.target}.") for one in answer.records if one.target}
    if (offered and (port, target) in places) or (not offered and not places):
        words = (
            f"mail programs are led to {target} port {port}"
            if offered
            else "programs are told that there is nothing"
        )
        return said(record, Verdict.OK, words, answer)
    words = (
        "mail programs are led to another place"
        if offered
        else "mail programs are led to what is not offered"
    )
    return said(record, Verdict.WRONG, words, answer, replace(record, ", ".join(answer.texts())))


async def _caa(record: WrittenRecord, survey: Survey) -> Checked:
    """RFC 8659 §3: the host's own records, else those of the nearest name above that has some; the domain's, where the host is another's."""
    name = asked = survey.host if f".{survey.host}".endswith(f".{survey.domain}") else survey.domain
    answer = await survey.resolver.caa(name)
    while not answer.records and not answer.failed and name.count(".") > 1:
        name = name.partition(".")[2]
        answer = await survey.resolver.caa(name)
    if answer.failed:
        return unanswered(record, answer)
    if not answer.records:
        words = "any authority may issue certificates"
        return said(record, Verdict.MISSING, words, answer, publish(record))
    issuers = [one.value.partition(";")[0].strip() for one in answer.records if one.tag == "issue"]
    wanted = record.value.split('"')[1]
    if issuers and wanted not in issuers:
        words = f"{wanted} may not issue a certificate for {asked}; {', '.join(filter(None, issuers)) or 'nobody'} may"
        fix = f"if your certificates come from {wanted}, add: {record.zone_file}"
        return said(record, Verdict.WARNING, words, answer, fix)
    return said(record, Verdict.OK, f"{', '.join(issuers) or 'any authority'} may issue certificates", answer)


async def _no_key(record: WrittenRecord, survey: Survey) -> Checked:
    fix = f"postroom dkim create {survey.domain}"
    return said(record, Verdict.MISSING, "the domain has no key: its mail is not signed", None, fix)


async def _dkim(record: WrittenRecord, survey: Survey) -> Checked:
    return await (dkim if record.value else _no_key)(record, survey)


async def _unknown(record: WrittenRecord, survey: Survey) -> Checked:  # noqa: ARG001 - a later server's
    return impossible(record, "this program does not know such a record: it is older than the server")


CHECKS: Mapping[tuple[str, str], Check] = MappingProxyType(
    {
        ("MX", "MX"): _mx,
        ("address", "A"): _address,
        ("address", "AAAA"): _address,
        ("SPF", "TXT"): spf,
        ("DKIM", "TXT"): _dkim,
        ("DMARC", "TXT"): dmarc,
        ("TLSRPT", "TXT"): tls_reports,
        ("MTA-STS", "TXT"): mta_sts,
        ("MTA-STS", "CNAME"): _alias,
        ("TLSA", "TLSA"): tlsa,
        ("CAA", "CAA"): _caa,
        ("SRV", "SRV"): _srv,
        ("autoconfig", "CNAME"): _alias,
        ("autoconfig", "SRV"): _srv,
    }
)
