"""What is made of a message once, so that lists, FETCH and search need not read it again."""
