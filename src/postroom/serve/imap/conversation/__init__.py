"""What the commands of one session work with: the conversation, the selected mailbox, and what is kept of it."""
