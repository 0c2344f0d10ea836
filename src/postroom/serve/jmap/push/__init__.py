"""What changes, and how clients hear of it."""
