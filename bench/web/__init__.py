"""The cost of the pages of a hall with 1,500 devices."""
