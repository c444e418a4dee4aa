"""When it runs: definitions, jobs, schedules, sensors, services and the command line."""
