"""Training of all default members of a date, against the bare library fits."""
