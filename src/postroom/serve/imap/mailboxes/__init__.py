"""Commands about mailboxes as such."""
