"""Rendering: reports as tables and charts in a terminal, and as one page for a browser."""
