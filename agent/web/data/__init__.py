"""The data of the pages: devices, summaries, cables and commissioning runs."""
