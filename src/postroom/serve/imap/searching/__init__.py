"""Commands that search, sort and thread."""
