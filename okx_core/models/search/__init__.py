"""Search over member specifications: what may be varied, and how a specification is scored on the past alone."""
