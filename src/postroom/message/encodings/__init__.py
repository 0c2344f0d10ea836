"""Octets and characters: charsets, transfer encodings, encoded-words."""
