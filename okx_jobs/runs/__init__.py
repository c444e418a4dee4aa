"""Runs started from the command line: `runner` launches assets, `demo` and `refresh` say which."""
