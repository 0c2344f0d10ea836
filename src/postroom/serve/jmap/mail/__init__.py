"""The methods of mail: mailboxes, emails, threads, searches."""
