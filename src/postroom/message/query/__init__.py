"""What is searched for among messages: as a tree, and as people type it."""
