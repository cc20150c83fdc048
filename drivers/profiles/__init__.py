"""The built-in device library: one folder per vendor, one page per model or family."""
