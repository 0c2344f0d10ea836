"""Who may come in: the login policy, and what it looks at."""
