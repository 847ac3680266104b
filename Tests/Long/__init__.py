"""What takes long or needs root; `make test-long` runs it."""
