"""The doors by which mail comes in (MX and submission): check, stamp, limit, then hand over to deliver."""
