"""The demo shop: generated customers, orders and sightings in the files a company would hand in."""
