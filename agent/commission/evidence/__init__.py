"""What a run leaves: results, sealed bundles, provenance, retests."""
