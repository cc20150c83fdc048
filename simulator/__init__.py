"""A simulated rack: physics, devices, servers, and replay of recordings."""
