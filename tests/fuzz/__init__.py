"""Coverage-guided fuzzing, run by hand."""
