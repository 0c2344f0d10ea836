"""What accounts have to show who they are: passwords, passkeys, tokens, grants, signed-in browsers."""
