"""Text into data: Markdown, formulas and code, read for whoever shows them. Imports no other room and no Qt."""
