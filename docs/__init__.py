"""The reference pages, and what writes them from the profiles and the catalogue."""
