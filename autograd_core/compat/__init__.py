"""Names that programs written for other libraries expect: `autograd` for HIPS autograd."""
