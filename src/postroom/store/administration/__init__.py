"""Changes to the directory: domains, accounts, aliases and lists."""
