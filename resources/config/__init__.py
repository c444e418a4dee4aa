"""Settings and the version of the code."""
