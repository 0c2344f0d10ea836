"""The DNS records of a domain of ours: which they are, how they are written, and whether they are there."""
