"""TLS: the layer of bytes, contexts and certificates, and the conversation with an authority."""
