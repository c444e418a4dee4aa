"""Order requests: parsed and checked."""
