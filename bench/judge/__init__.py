"""The cost of judging a long soak."""
