"""The pages: each has a view, which renders it, and a model without markup where it computes."""
