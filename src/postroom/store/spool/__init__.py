"""What was accepted and is not delivered yet: messages, jobs, next hops."""
