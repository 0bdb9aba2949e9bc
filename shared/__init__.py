"""What every part may lean on and that knows nothing of people or ads."""
