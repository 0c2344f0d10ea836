"""What kind of file an attachment is, by its content and its name.

RFC 2046 §3 (top-level types). The tables are in here: nothing of the machine is read, so that the same file has the same type everywhere.
Not here: how a file is encoded (`message.composing.compose`), and its name (`message.mime.file_names`).
"""

from __future__ import annotations

OCTETS = "application/octet-stream"
_LOOKED_AT = 4096  # octets of the content

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

# What the first octets say. A container holds many kinds of files: the name tells them apart.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\0\0\1\0", "image/vnd.microsoft.icon"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"PK\3\4", "application/zip"),
    (b"PK\5\6", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\7", "application/vnd.rar"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "application/ogg"),
    (b"MThd", "audio/midi"),
    (b"#!AMR", "audio/amr"),
    (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (b"FLV\1", "video/x-flv"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO", "font/otf"),
    (b"\0\1\0\0\0", "font/ttf"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-executable"),
    (b"-----BEGIN PGP MESSAGE", "application/pgp-encrypted"),
)
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
_BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}

_EXTENSIONS = {
    "txt": "text/plain", "text": "text/plain", "log": "text/plain", "md": "text/markdown", "csv": "text/csv",
    "tsv": "text/tab-separated-values", "html": "text/html", "htm": "text/html", "css": "text/css", "ics": "text/calendar",
    "vcf": "text/vcard", "xml": "application/xml", "json": "application/json", "js": "text/javascript", "py": "text/x-python",
    "c": "text/x-c", "h": "text/x-c", "sh": "application/x-sh", "patch": "text/x-diff", "diff": "text/x-diff", "tex": "text/x-tex",
    "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml", "sql": "application/sql",
    "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "ico": "image/vnd.microsoft.icon", "heic": "image/heic",
    "heif": "image/heif", "avif": "image/avif", "psd": "image/vnd.adobe.photoshop",
    "mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg",
    "m4a": "audio/mp4", "aac": "audio/aac", "mid": "audio/midi", "midi": "audio/midi", "amr": "audio/amr",
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo", "mkv": "video/x-matroska",
    "webm": "video/webm", "mpg": "video/mpeg", "mpeg": "video/mpeg", "ogv": "video/ogg", "3gp": "video/3gpp", "flv": "video/x-flv",
    "pdf": "application/pdf", "ps": "application/postscript", "eps": "application/postscript", "rtf": "application/rtf",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook", "vsd": "application/vnd.visio",
    "docx": _OFFICE + "wordprocessingml.document", "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
    "docm": "application/vnd.ms-word.document.macroEnabled.12", "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "odt": _OPEN_DOCUMENT + "text", "ods": _OPEN_DOCUMENT + "spreadsheet", "odp": _OPEN_DOCUMENT + "presentation",
    "odg": _OPEN_DOCUMENT + "graphics", "epub": "application/epub+zip", "jar": "application/java-archive",
    "apk": "application/vnd.android.package-archive",
    "zip": "application/zip", "gz": "application/gzip", "tgz": "application/gzip", "bz2": "application/x-bzip2",
    "xz": "application/x-xz", "zst": "application/zstd", "7z": "application/x-7z-compressed", "rar": "application/vnd.rar",
    "tar": "application/x-tar", "eml": "message/rfc822", "asc": "application/pgp-signature", "sig": "application/pgp-signature",
    "p7s": "application/pkcs7-signature", "pem": "application/x-pem-file",
    "ttf": "font/ttf", "otf": "font/otf", "woff": "font/woff", "woff2": "font/woff2",
    "exe": "application/vnd.microsoft.portable-executable", "iso": "application/x-iso9660-image",
    "db": "application/vnd.sqlite3", "sqlite": "application/vnd.sqlite3",
}  # fmt: skip

# What the name may make of a container that the octets show
_CONTAINED = {
    "application/zip": (
        _OFFICE,
        _OPEN_DOCUMENT,
        "application/epub+zip",
        "application/java-archive",
        "application/vnd.android",
        "application/vnd.ms-",
    ),
    "application/x-ole-storage": ("application/msword", "application/vnd.ms-", "application/vnd.visio"),
    "application/ogg": ("audio/ogg", "video/ogg"),
    "video/x-matroska": ("video/webm",),
    "video/mp4": ("audio/mp4", "video/", "image/hei"),
    "image/tiff": ("image/",),
}
_KNOWN_BY_OCTETS = (
    {media_type for _, media_type in _MAGIC} | set(_RIFF.values()) | set(_BRANDS.values()) | {"video/mp4"}
)

_CONTROL = frozenset(range(0x20)) - frozenset(b"\t\n\r\f\x1b")


def media_type(name: str, content: bytes) -> str:
    """`type/subtype` of a file: what its first octets show, made more precise by its name; else what its name says.

    A name that claims a kind which the octets would show, and do not, is not believed.
    """
    start = content[:_LOOKED_AT]
    by_name = _by_name(name)
    by_octets = _by_octets(start)
    if by_octets is None:
        if by_name is not None and by_name not in _KNOWN_BY_OCTETS:
            return by_name if _is_text(start) or not by_name.startswith("text/") else OCTETS
        return (
            "text/plain"
            if by_name is None and start and _is_text(start)
            else OCTETS
            if start
            else by_name or OCTETS
        )
    if by_name is not None and by_name.startswith(_CONTAINED.get(by_octets, ())) and by_octets in _CONTAINED:
        return by_name
    return by_octets


def extension(kind: str) -> str:
    """A usual extension with its dot for a media type; "" when none is known."""
    return next((f".{suffix}" for suffix, known in _EXTENSIONS.items() if known == kind), "")


def _by_name(name: str) -> str | None:
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    return _EXTENSIONS.get(suffix)


def _by_octets(start: bytes) -> str | None:
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            letters = len(magic) < 4 and magic.isalnum()  # `BMW is a car` is no picture
            return None if letters and _is_text(start) else kind
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12], "video/mp4")
    if start[257:262] == b"ustar":
        return "application/x-tar"
    return None


def _is_text(start: bytes) -> bool:
    if not _CONTROL.isdisjoint(start):
        return False
    try:
        start.decode()
    except UnicodeDecodeError as broken:
        return broken.start >= len(start) - 3 and len(start) == _LOOKED_AT  # a character cut in two
    return True
