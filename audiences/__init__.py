"""What the bridge does with people and ads; it knows no AWS and no web framework."""
