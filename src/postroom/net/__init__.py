"""The outside world: listeners, TLS, the pump that drives protocol machines, clock and DNS resolver."""
