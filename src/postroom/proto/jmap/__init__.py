"""JMAP without I/O: requests, references, types, errors (RFC 8620, RFC 8621). Its methods over the store are `serve.jmap`."""
