"""Runs over real services, with credentials of whoever starts them."""
