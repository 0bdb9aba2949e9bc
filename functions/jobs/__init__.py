"""Jobs: what the API and the schedules ask for."""
