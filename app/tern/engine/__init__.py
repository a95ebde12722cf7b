"""The engine: reads a model file and turns messages into text. Knows no window, no database, no network."""
