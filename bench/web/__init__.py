"""How the pages stand up to a hall of 1,500 devices."""
