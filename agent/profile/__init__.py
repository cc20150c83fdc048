"""Device profiles: what YAML may say, what it compiles to, and the library they live in."""
