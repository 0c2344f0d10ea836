"""Messages in files of other programs: mbox, Maildir and MH."""
