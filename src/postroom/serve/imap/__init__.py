"""IMAP sessions: what the commands mean for an account and its mailboxes."""
