"""Wire formats: one module each, pure generators, with a file of model profiles beside it."""
