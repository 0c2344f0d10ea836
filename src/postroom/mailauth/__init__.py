"""Whether mail comes from whom it says it comes from: SPF, DKIM, ARC. Pure: the DNS is a `Resolver` that comes in as an argument."""
