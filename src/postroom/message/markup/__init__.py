"""HTML of messages, made fit to be shown. Pure: what is foreign comes in as text, and goes out as text that a browser may have."""
