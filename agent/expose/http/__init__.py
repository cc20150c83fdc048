"""The HTTP interface for programs: metrics, JSON, probes, service discovery."""
