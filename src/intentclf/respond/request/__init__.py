"""The draft of a service request."""
