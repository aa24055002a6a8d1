"""Who is asking and what they may do: keys, scopes and the permission table."""
