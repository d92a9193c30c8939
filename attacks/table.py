"""The table of attacks: what is promised, how each goes about it, and its share of the time."""

from __future__ import annotations

from attacks.harness import Attack

PLAIN = {"NN_COMPILED": "0"}  # compiled kernels have an attack of their own

ATTACKS = {
    attack.name: attack
    for attack in (
        Attack(
            "kills", 3,
            "A killed training resumes from its file and ends with the same bits; a random "
            "source that cannot be saved is named in a warning.",
            "SIGKILL, SIGTERM or SIGINT, once to three times, at a counted place or by the clock; "
            "optimizer, schedule, callbacks, random sources and data are drawn.",
            environment=PLAIN,
        ),
        Attack(
            "writers", 1,
            "Two trainings on one path: each ends as if it were alone, or is told about the "
            "other; no other file is touched, and nothing is left behind.",
            "Two processes begin a few milliseconds apart, one may be killed, a third comes after.",
            environment=PLAIN,
        ),
        Attack(
            "files", 3,
            "A file loads or is refused by an error that names it, with nothing changed; a "
            "checkpoint from somebody else makes a training write nowhere else.",
            "Weights and checkpoints with one or two changes in their structure (dropped, renamed, "
            "exchanged, nested, odd values), with flipped, cut, moved bytes, or from a table of "
            "hostile headers.",
            environment=PLAIN,
        ),
        Attack(
            "interrupts", 2,
            "After Ctrl-C at any moment no mode is left on, and what comes next in the same "
            "process has the same bits, trainings included.",
            "SIGINT at a counted place: where a function begins, or one written in C returns.",
            environment=PLAIN,
        ),
        Attack(
            "threads", 1.5,
            "Threads do not change each other's bits, modes or settings; no gradient is lost.",
            "Every kind of use in five threads that take turns each microsecond, sums into one "
            "leaf, shared draws, generators closed by another thread.",
            environment=PLAIN,
        ),
        Attack(
            "forks", 1.5,
            "A child forked at any moment does its work, with the same bits, and ends.",
            "Six threads draw, share work, run kernels and random uses while children are forked.",
        ),
        Attack(
            "caches", 4,
            "A broken cache stops nothing: the losses are right, one warning names the remedy, "
            "and the cache is repaired.",
            "Damaged and missing cache files, a full disk, no place for a cache, a broken numba, "
            "kills while it compiles, six processes at a cold cache.",
            patience=600,
        ),
        Attack(
            "interpreters", 2,
            "However Python is started, the bits are the same and there are no warnings.",
            "-O, -OO, -W error, -X dev, -bb, -I, -S, other encodings, hash seeds and allocators, "
            "an archive, no place to write, missing packages; then two or three at once.",
            patience=300,
        ),
        Attack(
            "leaks", 2,
            "Loops of any length take bounded memory.",
            "Every kind of use again and again, with the garbage collector's count of "
            "objects, Python's of blocks of memory, and the resident memory before and after.",
            environment=PLAIN, patience=300,
        ),
    )
}  # fmt: skip
