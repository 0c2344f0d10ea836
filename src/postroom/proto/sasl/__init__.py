"""SASL exchanges, both ends, apart from the protocols that carry them (RFC 4422)."""
