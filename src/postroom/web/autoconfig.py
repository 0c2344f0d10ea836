"""Setting up user agents: each in the form that it asks for.

draft-ietf-mailmaint-autoconfig §4 (Thunderbird's config-v1.1.xml, read by many), draft-ietf-mailmaint-pacc §4 (JSON), Microsoft's POX Autodiscover
and the JSON that leads to it. A request of Autodiscover is searched for its address, not parsed: XML from outside has no business here. Not here: paths.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import msgspec

from postroom.web.services import Offer, Offers

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_ADDRESS = re.compile(rb"<(?:[A-Za-z0-9]{1,20}:)?EMailAddress>\s{0,20}([^<>\s]{3,320})\s{0,20}</")


def thunderbird(domain: str, offers: Offers) -> str:
    """config-v1.1.xml for a domain of ours."""
    name = escape(domain)
    servers = [_server("incomingServer", one) for one in offers.incoming]
    servers += [_server("outgoingServer", one) for one in offers.outgoing]
    return (
        f'{_XML}<clientConfig version="1.1">\n <emailProvider id="{name}">\n  <domain>{name}</domain>\n'
        f"  <displayName>{name}</displayName>\n  <displayShortName>{name}</displayShortName>\n"
        f"{''.join(servers)} </emailProvider>\n</clientConfig>\n"
    )


def user_agents(domain: str, offers: Offers, issuer: str = "") -> bytes:
    """user-agent-configuration.json: TLS from the first octet alone, at the protocol's own port; tokens from `issuer`, where there is one."""
    own = {"imap": 993, "pop3": 995, "smtp": 465}
    protocols: dict[str, object] = {}
    for one in (*offers.incoming, *offers.outgoing):
        if one.tls:
            at = one.host if one.port == own[one.protocol] else f"{one.host}:{one.port}"
            protocols[one.protocol] = {"host": at}
    return msgspec.json.encode(
        {
            "protocols": protocols,
            "authentication": {**({"oauth-public": {"issuer": issuer}} if issuer else {}), "password": True},
            "info": {"provider": {"name": domain, "shortName": domain}},
        }
    )


def asked_address(body: bytes) -> str:
    """The address in a request of Autodiscover; "" without one."""
    found = _ADDRESS.search(body)
    return found[1].decode("utf-8", "replace") if found else ""


def autodiscover(address: str, offers: Offers) -> str:
    """The answer of Autodiscover for an address of ours."""
    protocols = [_protocol(address, one) for one in (*offers.incoming, *offers.outgoing)]
    return (
        f'{_XML}<Autodiscover xmlns="{_RESPONSE}">\n <Response xmlns="{_OUTLOOK}">\n'
        f"  <User><DisplayName>{escape(address)}</DisplayName></User>\n"
        f"  <Account>\n   <AccountType>email</AccountType>\n   <Action>settings</Action>\n{''.join(protocols)}"
        "  </Account>\n </Response>\n</Autodiscover>\n"
    )


def autodiscover_failed(code: int, words: str) -> str:
    """The same form for a request that cannot be answered (600: it is none; 500: the address is not ours)."""
    return (
        f'{_XML}<Autodiscover xmlns="{_RESPONSE}">\n <Response>\n  <Error>\n   <ErrorCode>{code}</ErrorCode>\n'
        f"   <Message>{escape(words)}</Message>\n   <DebugData/>\n  </Error>\n </Response>\n</Autodiscover>\n"
    )


def _server(element: str, one: Offer) -> str:
    return (
        f'  <{element} type="{one.protocol}">\n   <hostname>{escape(one.host)}</hostname>\n   <port>{one.port}</port>\n'
        f"   <socketType>{'SSL' if one.tls else 'STARTTLS'}</socketType>\n   <username>%EMAILADDRESS%</username>\n"
        f"   <authentication>password-cleartext</authentication>\n  </{element}>\n"
    )


def _protocol(address: str, one: Offer) -> str:
    return (
        f"   <Protocol>\n    <Type>{one.protocol.upper()}</Type>\n    <Server>{escape(one.host)}</Server>\n"
        f"    <Port>{one.port}</Port>\n    <LoginName>{escape(address)}</LoginName>\n    <SPA>off</SPA>\n"
        f"    <SSL>on</SSL>\n    <Encryption>{'SSL' if one.tls else 'TLS'}</Encryption>\n    <AuthRequired>on</AuthRequired>\n"
        "   </Protocol>\n"
    )
