"""Keep state between polls: latest values, history, log edges, an SQLite writer."""
