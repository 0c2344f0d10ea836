"""Whether the policy of MTA-STS is where others look for it, and names our host.

RFC 8461 §3.2 and §3.3 (the document over HTTPS), §4.1 (matching). Not here: the fetch (`deliver.tls.sts`), and the record that says that there is one (`texts`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from postroom.app.dns.forms import WrittenRecord
from postroom.app.dns.survey import Survey
from postroom.app.dns.verdicts import Checked, Verdict, impossible, said
from postroom.deliver.tls.sts import PolicyUnavailable
from postroom.proto.http.mta_sts import WELL_KNOWN, Mode, Policy

Fetch = Callable[[str], Awaitable[Policy]]  # of a domain; raises PolicyUnavailable


async def policy(survey: Survey, fetch: Fetch | None) -> Checked:
    """What the policy says; without `fetch` it cannot be looked at."""
    host = f"mta-sts.{survey.domain}"
    record = WrittenRecord(
        "MTA-STS", f"{host}.", "mta-sts", "HTTPS", 0, f"https://{host}{WELL_KNOWN}", "", "", "", True
    )
    if fetch is None:
        because = "a lab's web server is at a port of its own: say --https-port and --authorities"
        return impossible(record, because)
    if not (await survey.resolver.addresses(host)).records:
        return impossible(record, f"{host} has no address")
    try:
        found = await fetch(survey.domain)
    except PolicyUnavailable as error:
        fix = f"serve the policy at {record.value}, with a certificate for {host} that is valid"
        return said(record, Verdict.MISSING, str(error), None, fix)
    if found.mode is Mode.NONE:
        return said(record, Verdict.WARNING, "the policy says that there is none (mode: none)")
    if not found.match(survey.host):
        follows = "mail is held back" if found.mode is Mode.ENFORCE else "others report that"
        words = f"the policy (mode {found.mode}) names {', '.join(found.mx)}, not {survey.host}: {follows}"
        return said(
            record, Verdict.WRONG, words, None, f"put `mx: {survey.host}` into the policy, and change its id"
        )
    if found.mode is Mode.TESTING:
        words = "the policy is only tested: others report, and send without TLS all the same"
        return said(
            record, Verdict.WARNING, words, None, "when the reports are good: mode: enforce, and another id"
        )
    return said(record, Verdict.OK, f"the policy holds for {survey.host}")
