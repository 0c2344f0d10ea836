"""What a session tells without being asked: of the selected mailbox, and of others."""
