"""The error for a page, rack, device or run that does not exist."""


class NotFound(LookupError):
    """A rack, device, run or page does not exist; the message names it."""
