"""What is kept: engines, directory, mailboxes, spool, blobs, changes and the journal. Knows no protocol."""
