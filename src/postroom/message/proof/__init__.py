"""A message read before it is sent, as a proof-reader does: what is good, what readers or servers will stumble over, and how it is mended.

RFC 5322, RFC 2045 to 2047 and others, each named by the check that applies it (`table.CHECKS`). Pure: a message comes in, findings go out.
"""
