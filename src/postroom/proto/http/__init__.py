"""HTTP as mail needs it of others: one request, one bounded response. Nothing is served here."""
