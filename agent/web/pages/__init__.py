"""One file per page: what it draws once and which cells are live."""
