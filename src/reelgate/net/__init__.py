"""The only way out: every address is resolved, checked and dialled here, and every answer is bounded."""
