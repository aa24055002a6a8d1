"""The library: what was made and brought here, kept in order, found again and handed on."""
