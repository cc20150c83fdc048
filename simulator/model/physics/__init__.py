"""The coupled physics of a rack: power, coolant, heat, air, traffic."""
