"""Parsers of user input: YAML with line numbers, device URLs and arithmetic expressions."""
