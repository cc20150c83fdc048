"""What is raised where there is no such page."""


class NotFound(LookupError):
    """There is no such rack, device, run or page; the text says which."""
