"""The database engines: what the store's logic asks of one, SQLite and PostgreSQL as that, and what both need."""
