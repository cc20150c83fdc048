"""What a rack must be: generations, their checks and quantities, build sheets."""
