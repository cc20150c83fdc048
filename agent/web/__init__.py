"""The web pages: all racks, one rack, one device, commissioning runs; updated live."""
