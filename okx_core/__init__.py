"""How numbers are made: pure Python and NumPy, no framework, no clock, no environment."""
