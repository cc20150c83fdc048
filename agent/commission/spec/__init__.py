"""Specifications of racks: generations, their checks and quantities, build sheets."""
