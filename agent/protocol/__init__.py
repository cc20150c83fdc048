"""Wire formats without I/O: bytes to records and back."""
