"""Placeholder."""


def fits(plan, x, w):
    return False


def fits_weights(plan, x, g):
    return False
