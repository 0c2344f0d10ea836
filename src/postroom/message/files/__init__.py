"""Messages in files of other programs: mbox and Maildir."""
