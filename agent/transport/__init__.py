"""Everything that touches a socket, behind one method: ``Transport.fetch``."""
