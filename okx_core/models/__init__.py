"""Training and scoring of signal models: splits, trainers and scores."""
