"""Training: when members are trained, on which rows, with which weights and labels, and how a day's refit is made."""
