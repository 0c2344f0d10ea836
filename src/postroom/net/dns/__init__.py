"""The DNS client: messages, answers, and the resolver with its cache."""
