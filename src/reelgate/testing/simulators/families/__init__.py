"""The families, one module each; every module here that has `FAMILIES` is found by itself."""
