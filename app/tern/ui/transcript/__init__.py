"""The conversation to read: messages in one document, with what lies under and over them."""
