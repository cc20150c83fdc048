"""Device profiles: what YAML may say (spec), what it compiles to (points), where it lives (library)."""
