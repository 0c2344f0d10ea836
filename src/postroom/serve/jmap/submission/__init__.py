"""The methods of what is sent: identities, submissions, receipts, and what became of them."""
