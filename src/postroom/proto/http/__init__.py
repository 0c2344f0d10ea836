"""HTTP as mail needs it: one request of ours and one bounded response, and what a client says that it takes. No server is here."""
