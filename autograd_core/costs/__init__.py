"""What a computation takes: operations, bytes and sweeps, counted by running it."""
