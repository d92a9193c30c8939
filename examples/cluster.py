"""A search over settings, a bag of networks, and what a cluster adds (D19).

    python -m examples.cluster [--quick] [--out out]

Settings of a digit reader are drawn at random and judged by cross-validation on a local Dask
cluster, with Dask's own progress bar.  The best ones are judged again by scikit-learn's
GridSearchCV under each of joblib's backends: the scores are the same to the last bit.  Then
scikit-learn bags the winner on the same cluster.  Nothing here is code for clusters: the
estimator is one of scikit-learn's kind, and joblib and Dask do the rest.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from dask.distributed import Client, LocalCluster, progress
from joblib import parallel_config
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ParameterSampler, cross_val_score

import nn
from examples import common

SPACE = {
    "hidden_layer_sizes": [(8,), (16,), (32,), (64,), (32, 32)],
    "activation": ["relu", "tanh"],
    "lr": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
    "weight_decay": [0.0, 1e-4, 1e-2],
}


def judge(settings: dict[str, Any], net: Any, images: Any, labels: Any) -> float:
    """Return the mean accuracy of three folds: what one worker does with one candidate."""
    found = cross_val_score(clone(net).set_params(**settings), images, labels, cv=3)
    return float(found.mean())


def search(client: Client, net: Any, split: Any, count: int) -> list[tuple[float, dict[str, Any]]]:
    """Return all candidates with their scores, the best first; the data travel once."""
    images, _, labels, _ = split
    sent = client.scatter([images, labels], broadcast=True)
    candidates = list(ParameterSampler(SPACE, count, random_state=0))
    jobs = client.map(judge, candidates, net=net, images=sent[0], labels=sent[1])
    progress(jobs)
    return sorted(zip(client.gather(jobs), candidates, strict=True), key=lambda found: -found[0])


def grid(net: Any, best: list[dict[str, Any]], split: Any, backend: str) -> Any:
    """Return each candidate's score on each fold, and probabilities of the best, refitted."""
    images, held_out, labels, _ = split
    with parallel_config(backend=backend, n_jobs=1 if backend == "sequential" else 2):
        made = GridSearchCV(net, [{k: [v] for k, v in s.items()} for s in best], cv=3)
        made.fit(images, labels)
    scores = [made.cv_results_[f"split{k}_test_score"] for k in range(3)]
    return np.concatenate([*scores, made.predict_proba(held_out).ravel()])


def picture(path: Path, found: list[tuple[float, dict[str, Any]]]) -> Path:
    """Draw accuracy over the learning rate."""
    plt = common.pyplot()
    figure, axis = plt.subplots(figsize=(6.5, 4.2))
    for name, colour in (("relu", common.BLUE), ("tanh", common.ORANGE)):
        own = [(s["lr"], score, s) for score, s in found if s["activation"] == name]
        size = [4 * sum(s["hidden_layer_sizes"]) for _, _, s in own]
        rates, scores = [r for r, _, _ in own], [100 * a for _, a, _ in own]
        axis.scatter(rates, scores, s=size, color=colour, alpha=0.6, label=name)
    axis.set(xscale="log", xlabel="learning rate", ylabel="right in cross-validation, %")
    axis.legend()
    return common.save(
        figure,
        path,
        "Each dot is a candidate of the search, judged by one worker; its area is the number of "
        "hidden units. The rate matters more than the size.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    images, held_out, labels, held_out_labels = split
    count, members, epochs = (6, 3, 8) if options.quick else (24, 10, 40)
    net = nn.NeuralNetClassifier(max_epochs=epochs, random_state=0)
    processes = not options.quick
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=":0"
    )
    with cluster, Client(cluster) as client:
        found = search(client, net, split, count)
        best = [settings for _, settings in found[:2]]
        runs = {b: grid(net, best, split, b) for b in ("sequential", "threading", "dask")}
        if processes:
            runs["loky"] = grid(net, best, split, "loky")
        chosen = clone(net).set_params(**best[0])
        with parallel_config(backend="dask"):
            bag = BaggingClassifier(chosen, members, random_state=0).fit(images, labels)
    single = chosen.fit(images, labels)
    differ = sum(int(np.sum(run != runs["sequential"])) for run in runs.values())
    alone, bagged = (m.score(held_out, held_out_labels) for m in (single, bag))
    linear = LogisticRegression(max_iter=3000).fit(images, labels)
    baseline = f"LogisticRegression {linear.score(held_out, held_out_labels):.2%}"
    sizes = len(pickle.dumps(net)), len(pickle.dumps(single))
    claims = [
        ("best", f"best of {count} candidates, cross-validation", found[0][0], baseline),
        ("worst", "the worst of them", found[-1][0], "the best above"),
        ("single", "the best, on held-out images", alone, baseline),
        ("bag", f"{members} of it in a bag, on held-out images", bagged, f"one {alone:.2%}"),
    ]
    results = [common.Result("D19", k, c, v, f"{v:.2%}", beside) for k, c, v, beside in claims]
    text = f"{differ} of {runs['sequential'].size} differ in any bit"
    what = f"scores and probabilities under {', '.join(runs)}"
    results.append(common.Result("D19", "differ", what, differ, text, "0, without exception"))
    shipped = f"{sizes[0]:,} bytes; fitted {sizes[1]:,}"
    claim = "an estimator on its way to a worker"
    data = f"the images, sent once: {images.nbytes:,}"
    results.append(common.Result("D19", "shipped", claim, sizes[0], shipped, data))
    return common.report(results, [picture(options.out / "cluster.png", found)], options)


if __name__ == "__main__":
    main()
