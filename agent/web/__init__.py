"""The pages for people: the hall, a rack, a device, live in a browser."""
