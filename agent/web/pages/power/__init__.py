"""The power page of a rack."""
