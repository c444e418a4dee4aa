"""MLflow: the registered versions of every model, their files, aliases and pages."""
