"""Claims, ladders, gates and computed statuses: what the facts say about what was written."""
