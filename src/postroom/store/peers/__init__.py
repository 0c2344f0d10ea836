"""What is remembered of other mail systems, and what they report to us and we to them."""
