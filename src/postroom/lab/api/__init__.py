"""The lab over HTTP, for programs in any language: mailboxes, messages, waiting for them, faults, the clock, what was said.

`table` has every operation; routes and the OpenAPI document (`openapi`) follow from it. Not here: who is heard at all (`lab.http_server`).
"""
