"""What disturbs inputs, one file per kind of input."""
