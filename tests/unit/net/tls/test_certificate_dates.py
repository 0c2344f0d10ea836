"""Certificates by a clock that was moved: the machine's does not count then, and everything else does."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from authority import Issued
from postroom.net.tls.certificate_dates import untimely
from postroom.net.tls.certificates import verified
from postroom.net.tls.layer import TlsError, TlsLayer
from unit.net.handshake import shake

DAY = 86_400_000_000
ROOT = Issued(["Root"], ca=True, days=(-100, 100))


def judged(leaf: Issued, days: float, directory: Path, name: str = "mx.test", root: Issued = ROOT) -> None:
    """A handshake whose client's clock is so many days ahead; raises `TlsError`."""
    path = directory / "authority.pem"
    path.write_bytes(root.pem)
    client = verified(path, lambda: time.time_ns() // 1000 + round(days * DAY))
    ends = (
        TlsLayer(client, server_side=False, server_name=name),
        TlsLayer(leaf.server(directory), server_side=True),
    )
    shake(*ends)
    assert ends[0].facts is not None
    assert ends[0].facts.verified


@pytest.mark.parametrize(
    ("valid", "days", "words", "code"),
    [
        ((-9, 30), 0, "", 0),
        ((-9, 30), 29, "", 0),
        ((-9, 30), 31, "certificate has expired", 10),
        ((-9, -3), 0, "certificate has expired", 10),
        ((-9, -3), -5, "", 0),
        ((40, 90), 0, "certificate is not yet valid", 9),
        ((40, 90), 50, "", 0),
        ((-9, 300), 101, "certificate has expired", 10),
    ],
    ids=["now", "then", "too late", "late already", "before", "too early", "later", "the root"],
)
def test_the_clock_decides(
    tmp_path: Path, valid: tuple[int, int], days: float, words: str, code: int
) -> None:
    leaf = Issued(["mx.test"], ROOT, days=valid)
    if not words:
        judged(leaf, days, tmp_path)
        return
    with pytest.raises(TlsError, match=words) as caught:
        judged(leaf, days, tmp_path)
    assert caught.value.verify_code == code


def test_names_and_authorities_count_as_ever(tmp_path: Path) -> None:
    leaf = Issued(["mx.test"], ROOT)
    with pytest.raises(TlsError, match=r"mismatch|not valid for"):
        judged(leaf, 0, tmp_path, "elsewhere.test")
    with pytest.raises(TlsError, match=r"issuer|self"):
        judged(leaf, 0, tmp_path, root=Issued(["Another"], ca=True))


def test_only_where_it_was_asked_for(tmp_path: Path) -> None:
    context = ROOT.trusting(tmp_path)
    assert context.now is None
    leaf = Issued(["mx.test"], ROOT, days=(-9, -3))
    client = TlsLayer(context, server_side=False, server_name="mx.test")
    with pytest.raises(TlsError, match="expired"):
        shake(client, TlsLayer(leaf.server(tmp_path), server_side=True))
    assert isinstance(context, ssl.SSLContext)


def test_no_chain_is_never_untimely() -> None:
    assert untimely([], 0) is None
