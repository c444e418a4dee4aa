"""The server process: HTTP application, admin port, command line."""
