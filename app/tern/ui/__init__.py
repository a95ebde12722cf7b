"""The window. The only room that imports PySide6; it decides nothing about models or storage."""
