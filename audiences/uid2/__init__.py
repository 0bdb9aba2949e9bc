"""UID2 and EUID: what is said to an operator, which maps digests of contacts to raw ids."""
