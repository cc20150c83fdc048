"""The cooling page of a rack."""
