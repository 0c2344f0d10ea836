"""Emails: how they come into mailboxes, what is done with them there, and how they are read."""
