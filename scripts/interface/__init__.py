"""Reading the interface's headers, and holding them to what was recorded of them."""
