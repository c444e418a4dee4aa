"""The REST endpoints, one module per part of the API."""
