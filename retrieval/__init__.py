"""The catalogue: items, their vectors, and what is found, scored and diversified among them."""
