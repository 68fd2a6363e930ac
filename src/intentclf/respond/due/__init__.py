"""When an answer is due, by agreement, and what follows when the customer does not answer."""
