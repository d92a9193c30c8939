"""Attacks on the project: kills, mutated files, storms of threads and forks, faults, leaks.

    python -m attacks [--seconds 480] [--only kills threads] [--seed 0] [--report PAGE]

Each family is a module with one function, ``attack(seed)``: a round that returns a few words on
how it ended, or raises `Finding`.  What the rounds do and compare is in `uses` (some thirty
kinds of use) and `training` (trainings that are killed and go on).
"""
