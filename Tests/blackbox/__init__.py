"""What the black-box suites share: the built binaries, HTTP on a bare socket, Terraform's words."""
