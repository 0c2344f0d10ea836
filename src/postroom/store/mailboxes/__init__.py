"""Mailboxes: their tree, their rights, their counts, and the narrow rows of what is in them."""
