"""Accounts: signing in, who is asking, and the pages on which offices and members are kept."""
