"""How pages show it: number formats, cells, state labels, plots."""
