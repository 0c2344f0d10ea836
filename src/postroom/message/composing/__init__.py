"""Messages that are written here: drafts, replies, forwards, and what a server changes in them."""
