"""Read what people write: YAML with line numbers, device URLs and arithmetic expressions."""
