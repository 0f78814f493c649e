"""`make bench`: how fast the portal is, beside a Django site that does the least possible for the same (docs/benchmark.md)."""
