"""What a person can set, for everything or for one conversation, and what the network did."""
