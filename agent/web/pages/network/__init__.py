"""The network page of a rack."""
