"""Sans-IO protocol machines, server and client end of each: bytes and events in, bytes and events out."""
