"""Functions of functions: gradients, Jacobians, vmap, checkpoints, adjoints."""
