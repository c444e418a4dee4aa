"""What models are worth and why: walk-forward figures, checks that can fail, explanations, model cards."""
