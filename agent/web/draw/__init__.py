"""Rendering of values for pages: number formats, cells, sparklines, plots."""
