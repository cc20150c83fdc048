"""The price of a scrape beside prometheus-client's own."""
