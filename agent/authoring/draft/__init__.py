"""Drafts of profiles for new devices: recording and MIB files in, YAML out."""
