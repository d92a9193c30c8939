"""What a computation costs: operations, bytes and sweeps, counted by running it."""
