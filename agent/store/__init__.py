"""State between polls: latest values, history, log edges, and a batching SQLite writer."""
