"""What scores are worth: rank correlation, profit of the best pairs, calibration, chance of overfitting."""
