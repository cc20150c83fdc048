"""The evidence of a run: results, sealed bundles, provenance and retests."""
