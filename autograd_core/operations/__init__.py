"""Operations: what a Primitive is, how one is declared, and which kind of value runs it."""
