"""The few pages of the authorization server: who asks for what, and a form to allow it. Plain HTML without a script, so that any browser shows them.

draft-ietf-oauth-v2-1 §7.12 (never in a frame), RFC 8628 §3.3.1 and §5.4 (the user sees what he allows before he does). Not here: what comes back
(`doors`).
"""

from __future__ import annotations

from html import escape
from typing import Final

import msgspec

from postroom.web.oauth.asking import Asked, target
from postroom.web.oauth.scopes import words_for

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1d2330}"
    "main{max-width:26rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 1px 4px #0003;overflow-wrap:anywhere}"
    "h1{font-size:1.25rem;margin:0 0 1rem}label{display:block;margin:.8rem 0 .2rem;font-weight:600}"
    "input{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;border:1px solid #8a93a6;border-radius:8px;background:inherit;color:inherit}"
    "button{font:inherit;font-weight:600;padding:.6rem 1.2rem;margin:1.2rem .5rem 0 0;border:1px solid #2456c7;border-radius:8px;background:#2456c7;color:#fff}"
    "button.no{background:none;color:inherit;border-color:#8a93a6}.wrong{color:#b3261e;font-weight:600}small{color:#5b6375}"
    "button.link{margin:0;padding:0;border:0;background:none;color:inherit;font-weight:400;text-decoration:underline}"
    "@media(prefers-color-scheme:dark){body{background:#14171d;color:#e6e8ee}main{background:#1d212a}small{color:#a0a8ba}.wrong{color:#ff8a80}}"
)
_HEAD: Final = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>{style}</style></head><body><main>"
)


class Form(msgspec.Struct, frozen=True):
    """Who is to allow it: somebody with a name and a password, and a one-time code if `code_wanted`; or who is `signed_in` (an address), by a click."""

    username: str = ""
    wrong: str = ""
    code_wanted: bool = False
    signed_in: str = ""


def consent(asked: Asked, sealed: str, form: Form) -> str:
    """The form in which a user allows what a program asks."""
    wishes = "".join(f"<li>{escape(wish)}</li>" for wish in words_for(asked.scopes))
    device = f"<p>It shows the code <b>{escape(asked.user_code)}</b>.</p>" if asked.user_code else ""
    who = _signed_in(form.signed_in) if form.signed_in else _credentials(form)
    return _page(
        f"{asked.name} asks for your mail",
        f"<p><b>{escape(asked.name)}</b> wants to</p><ul>{wishes}</ul>{device}"
        "<p><small>That is what it calls itself; nobody has checked it. Go on only if you have just come from this program. "
        "It will not see your password, and you can end this at any time.</small></p>"
        f'{_wrong(form.wrong)}<form method="post">'
        f'<input type="hidden" name="request" value="{escape(sealed)}">{who}'
        '<button name="decision" value="allow">Allow</button>'
        '<button class="no" name="decision" value="deny" formnovalidate>Refuse</button></form>',
    )


def _signed_in(address: str) -> str:
    return (
        f"<p>You are signed in as <b>{escape(address)}</b>. "
        '<button class="link" name="decision" value="other" formnovalidate>Use another account</button></p>'
    )


def _credentials(form: Form) -> str:
    code = _field(
        "code", "Code from your authenticator", 'inputmode="numeric" autocomplete="one-time-code" autofocus'
    )
    return (
        _field("username", "Address", f'autocomplete="username" value="{escape(form.username)}"')
        + _field("password", "Password", 'type="password" autocomplete="current-password"')
        + (code if form.code_wanted else "")
    )


def device(*, user_code: str = "", wrong: str = "") -> str:
    """The form that asks for the code which a device shows."""
    return _page(
        "Connect a device",
        f'{_wrong(wrong)}<form method="get">'
        + _field(
            "user_code",
            "Code that your device shows",
            f'autocomplete="off" autofocus value="{escape(user_code)}"',
        )
        + "<button>Go on</button></form>",
    )


def told(title: str, words: str) -> str:
    """A page that only says something."""
    return _page(title, f"<p>{escape(words)}</p>")


def policy(asked: Asked | None = None) -> str:
    """The Content-Security-Policy of a page; its form may lead to this server and, by a redirect, to the program that asks."""
    leads = f" {target(asked)}" if asked is not None and asked.redirect_uri else ""
    return (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{leads}"
    )


def _page(title: str, inner: str) -> str:
    return f"{_HEAD.format(title=escape(title), style=STYLE)}<h1>{escape(title)}</h1>{inner}</main></body></html>"


def _field(name: str, label: str, further: str) -> str:
    return f'<label for="{name}">{label}</label><input id="{name}" name="{name}" required {further}>'


def _wrong(words: str) -> str:
    return f'<p class="wrong" role="alert">{escape(words)}</p>' if words else ""
