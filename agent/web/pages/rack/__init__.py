"""The elevation page of a rack."""
