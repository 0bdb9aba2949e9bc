"""Reports: what an audience reaches, for how long, and what was sent; pure reads over SQL views."""
