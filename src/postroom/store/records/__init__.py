"""Things of an account that are no mail, each a row of JSON with its modseq."""
