"""Checks of texts and keys in the DNS: what receivers make of them, and not whether they are spelled like ours.

RFC 7208 §3.2 and §4 (SPF: one record, and the host passes), RFC 6376 §3.6.2 (keys of DKIM), RFC 9989 §4.10 (one DMARC record), RFC 8461 §3.1 (MTA-STS), RFC 8460
§3 (TLSRPT), RFC 7672 §2.1.2 and §3.1 (TLSA means nothing without DNSSEC, and stops mail when it is wrong). Not here: other records (`check`).
"""

from __future__ import annotations

import msgspec

from postroom.app.dns.forms import WrittenRecord
from postroom.app.dns.survey import Survey
from postroom.app.dns.verdicts import Checked, Verdict, impossible, publish, replace, said, unanswered
from postroom.mailauth import tlsrpt
from postroom.mailauth.dkim.public_key import parse_key_record
from postroom.mailauth.dkim.results import Defect
from postroom.mailauth.dmarc.record import parse, select
from postroom.mailauth.spf.check import check_mail_from
from postroom.mailauth.spf.verdict import Client, Result
from postroom.message.address import Address
from postroom.proto.dns.answer import Answer
from postroom.proto.http.mta_sts import record_id


async def _text(record: WrittenRecord, survey: Survey, start: bytes) -> Checked | tuple[Answer[bytes], bytes]:
    """The one text of a name that begins so; or the verdict, when there is none or there are several."""
    answer = await survey.resolver.txt(record.name.removesuffix("."))
    if answer.failed:
        return unanswered(record, answer)
    found = [text for text in answer.records if text.lower().startswith(start.lower())]
    if not found:
        words = f"no text at {answer.name} begins with {start.decode()}"
        return said(record, Verdict.MISSING, words, answer, publish(record))
    if len(found) > 1:
        words = f"{len(found)} texts at {answer.name} begin with {start.decode()}: receivers use none of them"
        return said(record, Verdict.WRONG, words, answer, f"leave one: {record.zone_file}")
    return answer, found[0]


async def spf(record: WrittenRecord, survey: Survey) -> Checked:
    """One record, and mail from the host passes."""
    found = await _text(record, survey, b"v=spf1")
    if isinstance(found, Checked):
        return found
    answer, _ = found
    if not survey.addresses.records:
        return impossible(record, f"{survey.host} has no address in the DNS that mail could come from")
    name = record.name.removesuffix(".")
    for ip in survey.addresses.records:
        client = Client(ip, survey.host)
        verdict = await check_mail_from(survey.resolver, client, Address("postmaster", name))
        if verdict.result is Result.TEMPERROR:  # of another name than the record's
            because = f"not run because {verdict.words}"
            return msgspec.structs.replace(unanswered(record, answer), reason=because)
        if verdict.result is not Result.PASS:
            words = f"mail from {ip} gets {verdict.result}: {verdict.words}"
            return said(record, Verdict.WRONG, words, answer, _spf_fix(record, ip, verdict.result))
    ips = ", ".join(survey.addresses.records)
    return said(record, Verdict.OK, f"mail from {ips} passes", answer)


def _spf_fix(record: WrittenRecord, ip: str, result: Result) -> str:
    if result is Result.PERMERROR:
        return f"the record cannot be used as it is; publish: {record.zone_file}"
    kind = "ip6" if ":" in ip else "ip4"
    return f"add {kind}:{ip} before its last term, or publish: {record.zone_file}"


async def dkim(record: WrittenRecord, survey: Survey) -> Checked:
    """The key that signs is the one that others find."""
    name = record.name.removesuffix(".")
    answer = await survey.resolver.txt(name)
    if answer.failed:
        return unanswered(record, answer)
    if record.optional:  # revoked
        left = any(_key(text) for text in answer.records)
        if left:
            words = "the key was revoked, and its record still has it"
            return said(record, Verdict.WARNING, words, answer, replace(record, "what is there"))
        return said(record, Verdict.OK, "the key is not good any more, and nobody finds it", answer)
    if not answer.records:
        return said(record, Verdict.MISSING, f"no key at {name}", answer, publish(record))
    if len(answer.records) > 1:
        words = f"{len(answer.records)} texts at {name}: verifiers may take the wrong one"
        return said(record, Verdict.WRONG, words, answer, f"leave one: {record.zone_file}")
    wrong = _wrong_key(record.value.encode(), answer.records[0])
    if wrong:
        return said(record, Verdict.WRONG, wrong, answer, replace(record, "what is there"))
    return said(record, Verdict.OK, f"the key is at {name}", answer)


def _key(text: bytes) -> bytes | None:
    try:
        return parse_key_record(text).data
    except Defect:
        return None


def _wrong_key(wanted: bytes, text: bytes) -> str:
    """What is wrong with a key record; "" for nothing. The ways in which forms of providers spoil long texts have words of their own."""
    if text.count(b'"') or b"\\" in text:
        return "the text has quotes or backslashes in it: give the form the text without them"
    if len(text) < len(wanted) and wanted.startswith(text):
        return f"the text ends after {len(text)} of {len(wanted)} characters: give it in several strings, as for a zone file"
    try:
        found = parse_key_record(text)
    except Defect as defect:
        return f"verifiers cannot use it: {defect.reason}"
    if found.data != parse_key_record(wanted).data:
        return "it is another key than the one that signs"
    if found.testing:
        return "it says t=y: verifiers treat the mail as if it were not signed"
    return ""


async def dmarc(record: WrittenRecord, survey: Survey) -> Checked:
    """One record that can be read, with a policy."""
    answer = await survey.resolver.txt(record.name.removesuffix("."))
    if answer.failed:
        return unanswered(record, answer)
    found = select(answer.records)
    if not found:
        words = "the domain says nothing of forgeries; large receivers demand that it does"
        return said(record, Verdict.MISSING, words, answer, publish(record))
    if len(found) > 1:
        words = f"{len(found)} records: receivers use none of them"
        return said(record, Verdict.WRONG, words, answer, f"leave one: {record.zone_file}")
    policy = parse(found[0])
    if not policy.readable or policy.p is None:
        words = "its p= (or sp=, np=) is none of none, quarantine and reject"
        return said(record, Verdict.WRONG, words, answer, replace(record, "what is there"))
    if not policy.reports:
        words = f"the policy is {policy.p}, and nobody gets reports"
        return said(record, Verdict.WARNING, words, answer, "add rua=mailto: and an address")
    words = f"the policy is {policy.p}; reports go to {', '.join(map(str, policy.reports))}"
    return said(record, Verdict.OK, words, answer)


async def tls_reports(record: WrittenRecord, survey: Survey) -> Checked:
    """One record with an address."""
    found = await _text(record, survey, b"v=TLSRPTv1")
    if isinstance(found, Checked):
        return found
    answer, text = found
    wanted = tlsrpt.parse(text)
    if not (wanted.mail or wanted.https):
        words = "it has no rua= with mailto: and an address, or with https:"
        return said(record, Verdict.WRONG, words, answer, replace(record, "what is there"))
    return said(record, Verdict.OK, "reports on TLS are asked for", answer)


async def mta_sts(record: WrittenRecord, survey: Survey) -> Checked:
    """One record with the id of the policy."""
    found = await _text(record, survey, b"v=STSv1")
    if isinstance(found, Checked):
        return found
    answer, text = found
    if record_id([text]) != record_id([record.value.encode()]):
        words = "its id is not that of our policy: others keep the one that they know"
        return said(record, Verdict.WARNING, words, answer, replace(record, "what is there"))
    return said(record, Verdict.OK, "others learn that there is a policy", answer)


async def tlsa(record: WrittenRecord, survey: Survey) -> Checked:
    """The host's keys, all of them, where DNSSEC lets others believe it."""
    name = record.name.removesuffix(".")
    answer = await survey.resolver.tlsa(name)
    if answer.failed:
        return unanswered(record, answer)
    ours = set(survey.others(record))
    found = {f"{one.usage} {one.selector} {one.matching} {one.data.hex()}" for one in answer.records}
    if not found:
        if not survey.addresses.authenticated:
            because = (
                f"the zone of {survey.host} is not signed (DNSSEC), or the name server does not validate"
            )
            return impossible(record, because)
        return said(record, Verdict.MISSING, "the zone is signed, and names no key", answer, publish(record))
    if record.value not in found:
        others = ", ".join(sorted(found - ours))
        words = f"a key of this host is not among them: servers that heed TLSA do not deliver{others and '; found ' + others}"
        return said(record, Verdict.WRONG, words, answer, publish(record))
    if not answer.authenticated:
        words = "the key is there, but the zone is not signed (DNSSEC), or the name server does not validate: nobody heeds it"
        return said(record, Verdict.WARNING, words, answer)
    return said(record, Verdict.OK, "the key is there, and can be believed", answer)


async def left_over_tlsa(survey: Survey) -> list[Checked]:
    """What still names keys of a host whose keys are not to be published: mail stops with the next certificate, or has stopped already."""
    if any(one.topic == "TLSA" for one in survey.wanted):
        return []
    name = f"_25._tcp.{survey.host}"
    answer = await survey.resolver.tlsa(name)
    if not answer.records:
        return []
    record = WrittenRecord("TLSA", f"{name}.", name, "TLSA", 0, "", "", "", "", True)
    words = f"it names keys, and each certificate of {survey.host} has a new one: servers that heed TLSA do not deliver"
    verdict = Verdict.WRONG if answer.authenticated else Verdict.WARNING
    return [said(record, verdict, words, answer, f"remove all TLSA records of {name}")]
