"""Commands of research on models, for people."""
