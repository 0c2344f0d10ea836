"""The types of JSContact: what each object may hold, as RFC 9553 §2 declares it.

`name:Type`, `!` behind it for what must be there; `[Type]` a list, `{Type}` a map by Id, `<Type>` a map by any string. Properties that are not here
are extensions and are kept (§1.7). `blobId` is of RFC 9610 §3, `vCardProps` of RFC 9555 §2.14. Not here: what is done with a card (`jscontact`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_CONTEXTS: Final = "contexts:<True> pref:Pref label:String"
_PHONETIC: Final = "phoneticScript:String phoneticSystem:String"
_RESOURCE: Final = "uri:String! mediaType:String " + _CONTEXTS

TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Card": (
            "version:String! created:UTCDateTime kind:String language:String members:<True> prodId:String relatedTo:<Relation> uid:Uid!"
            " updated:UTCDateTime name:Name nicknames:{Nickname} organizations:{Organization} speakToAs:SpeakToAs titles:{Title}"
            " emails:{EmailAddress} onlineServices:{OnlineService} phones:{Phone} preferredLanguages:{LanguagePref} calendars:{Calendar}"
            " schedulingAddresses:{SchedulingAddress} addresses:{Address} cryptoKeys:{CryptoKey} directories:{Directory} links:{Link}"
            " media:{Media} localizations:<Patch> anniversaries:{Anniversary} keywords:<True> notes:{Note} personalInfo:{PersonalInfo}"
            " vCardProps:List"
        ),
        "Relation": "relation:<True>",
        "Name": "components:[NameComponent] isOrdered:Boolean defaultSeparator:String full:String sortAs:<String> " + _PHONETIC,
        "NameComponent": "value:String! kind:String! phonetic:String",
        "Nickname": "name:String! contexts:<True> pref:Pref",
        "Organization": "name:String units:[OrgUnit] sortAs:String contexts:<True>",
        "OrgUnit": "name:String! sortAs:String",
        "SpeakToAs": "grammaticalGender:String pronouns:{Pronouns}",
        "Pronouns": "pronouns:String! contexts:<True> pref:Pref",
        "Title": "name:String! kind:String organizationId:Id",
        "EmailAddress": "address:String! " + _CONTEXTS,
        "OnlineService": "service:String uri:String user:String " + _CONTEXTS,
        "Phone": "number:String! features:<True> " + _CONTEXTS,
        "LanguagePref": "language:String! contexts:<True> pref:Pref",
        "Calendar": "kind:String! " + _RESOURCE,
        "SchedulingAddress": "uri:String! " + _CONTEXTS,
        "Address": (
            "components:[AddressComponent] isOrdered:Boolean countryCode:Country coordinates:Geo timeZone:String contexts:<True>"
            " full:String defaultSeparator:String pref:Pref " + _PHONETIC
        ),
        "AddressComponent": "value:String! kind:String! phonetic:String",
        "CryptoKey": "kind:String " + _RESOURCE,
        "Directory": "kind:String! listAs:Positive " + _RESOURCE,
        "Link": "kind:String " + _RESOURCE,
        "Media": "kind:String! uri:String blobId:Id mediaType:String " + _CONTEXTS,
        "Anniversary": "kind:String! date:Date! place:Address",
        "PartialDate": "year:UnsignedInt month:Month day:Day calendarScale:String",
        "Timestamp": "utc:UTCDateTime!",
        "Note": "note:String! created:UTCDateTime author:Author",
        "Author": "name:String uri:String",
        "PersonalInfo": "kind:String! value:String! level:String listAs:Positive label:String",
    }
)  # fmt: skip

# One of these has to be there.
ANY_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Name": ("components", "full"),
        "Organization": ("name", "units"),
        "SpeakToAs": ("grammaticalGender", "pronouns"),
        "OnlineService": ("uri", "user"),
        "Media": ("uri", "blobId"),
        "PartialDate": ("year", "month"),
        "Author": ("name", "uri"),
    }
)
