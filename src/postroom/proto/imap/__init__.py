"""IMAP: the protocol's machines, both ends, and its grammar."""
