"""Write and check profiles: drafts from recordings and MIBs, imports, checks."""
