"""What [signing] says, as the terms of signatures and keys. Not here: signing (`deliver.signing`), the life of keys (`dkim_rotation`)."""

from __future__ import annotations

from postroom.app.settings.file import Settings, SettingsError
from postroom.mailauth.dkim.rotation import RotationTerms
from postroom.mailauth.dkim.signing import SigningTerms

_DAY = 86_400


def signing_terms(settings: Settings) -> SigningTerms:
    """What signatures are like."""
    return SigningTerms(life=settings.signing.life_days * _DAY)


def rotation_terms(settings: Settings) -> RotationTerms:
    """The life of keys; raises `SettingsError` when one would be gone before what it signed."""
    signing = settings.signing
    if signing.overlap_days <= signing.life_days:
        raise SettingsError(
            f"[signing] overlap_days = {signing.overlap_days} must be more than life_days = {signing.life_days}:"
            " a key's record stays as long as what it signed may be under way"
        )
    return RotationTerms(
        life=signing.rotate_days * _DAY,
        wait=signing.wait_hours * 3600,
        overlap=signing.overlap_days * _DAY,
        keep=signing.keep_days * _DAY,
    )
