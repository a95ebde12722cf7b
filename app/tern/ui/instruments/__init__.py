"""The instruments: what the machine does while Tern answers, and the model from inside."""
