"""The commands of IMAP: one module per family, each a set of values that parse themselves and a table of their verbs."""
