"""What pages show: devices, summaries, cables and commissioning runs."""
