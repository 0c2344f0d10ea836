"""What has arrived in a lab, as programs and tests look at it: mailboxes, messages with their links and codes, journeys.

Not here: starting a lab for tests (`lab.testing`), HTTP (`lab.api`).
"""
