"""What is shown of models and asked of them: explanations, model cards, checks that can fail."""
