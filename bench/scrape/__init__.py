"""The cost of a scrape compared with prometheus-client's own."""
