"""Tools for authors of profiles: drafts from recordings and MIBs, imports, checks."""
