"""The price of judging a long soak."""
