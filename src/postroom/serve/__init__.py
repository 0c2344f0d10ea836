"""Server sessions, one module per protocol: what a protocol's commands mean in terms of intake and store."""
