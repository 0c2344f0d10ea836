"""SASL exchanges (RFC 4422), shared by every protocol that logs in: mechanisms only, framing is the protocol's."""
