"""Native values to readings in base units and back: a pure pair, and its bookkeeping per device."""
