"""When assets are made: jobs, schedules and sensors of the Dagster project."""
