"""What is raised where there is no such page."""


class NotHere(LookupError):
    """There is no such rack, device, run or page; the text says which."""
