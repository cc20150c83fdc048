"""Device profiles: their YAML format, their compiled form, and the library that finds them."""
