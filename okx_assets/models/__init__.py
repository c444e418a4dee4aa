"""Assets of models: versions and decisions, predictions, explanations, validation, life-cycle."""
