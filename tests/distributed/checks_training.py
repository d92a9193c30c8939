"""A Trainer on several ranks: one process's numbers, one process's files, resumed to the bit."""

from __future__ import annotations

import warnings
from pathlib import Path

import harness
import numpy as np
from harness import check, close, data, network, raises, same, trainer

import autograd_core
import nn
from nn.distributed import DataParallel, SyncBatchNorm, launch


@check
def a_trainer_equals_one_process():
    x, y = data(30)
    held = data(11, seed=9)  # no multiple of anything

    def callbacks():
        return [
            nn.GradientClipping(max_norm=0.5),
            nn.Regularization(lambda m: nn.l2_penalty(m, 1e-3)),
            nn.EarlyStopping(patience=1, monitor="val_loss", restore_best=True),
        ]

    for rows in (30, 25, 24 + launch.get_world_size() - 1):
        part = (x[:rows], y[:rows])
        # of a batch that all ranks compute whole, a running variance's n / (n - 1) is another
        few = 0 < rows % 6 < launch.get_world_size()
        norm = None if few else nn.BatchNorm2d
        alone = trainer(network(norm), callbacks=callbacks())
        alone.progress = False
        one = alone.fit(part, held, epochs=6, batch_size=6)
        model = DataParallel(SyncBatchNorm.convert_sync_batchnorm(network(norm)))
        ranks = trainer(model, callbacks=callbacks())
        history = ranks.fit(part, held, epochs=6, batch_size=6)
        assert history.columns == one.columns
        for a, b in zip(history.rows, one.rows, strict=True):
            for name in b:
                np.testing.assert_allclose(a[name], b[name], 1e-9, 1e-9, err_msg=f"{name} {a} {b}")
        same(model, alone.model, 1e-9)
        assert ranks.epoch == alone.epoch
        found = ranks.evaluate(held)
        for name, value in alone.evaluate(held).items():
            close(found[name], value, 1e-9)
        close(ranks.predict(held[0]), alone.predict(held[0]), 1e-9)


@check
def metrics_of_the_whole_set_and_checks_within_epochs_equal_one_process():
    x, y = data(24 + launch.get_world_size() - 1)
    held = data(11, seed=9)
    made = []
    for model in (network(), DataParallel(network())):
        one = trainer(model)
        one.val_check_interval = 2
        one.metrics = {
            "f1": nn.metrics.F1Score(3),
            "share": nn.accuracy,
            "count": nn.metrics.WholeSet(lambda output, target: float(len(target))),
        }
        one.fit((x, y), held, epochs=2, batch_size=6)
        made.append(one)
    alone, ranks = made
    assert len(ranks.history.rows) == len(alone.history.rows) > 2
    for a, b in zip(ranks.history.rows, alone.history.rows, strict=True):
        for name in b:
            np.testing.assert_allclose(a[name], b[name], 1e-9, 1e-9, err_msg=f"{name} {a} {b}")
    assert ranks.history.rows[-1]["count"] == len(y)
    few = (x[:1], y[:1])  # fewer rows than ranks
    assert ranks.evaluate(few)["count"] == alone.evaluate(few)["count"] == 1.0


@check
def searches_for_a_rate_equal_one_process():
    x, y = data(24)
    found, limits = [], []
    for model in (network(), DataParallel(network())):
        one = trainer(model)
        one.progress = False
        found.append(nn.lr_find(one, (x, y), num_training=12, batch_size=6))
        limits.append(nn.lr_threshold(one, (x, y), num_training=6, batch_size=6, factor=2.0))
    np.testing.assert_allclose(found[1].losses, found[0].losses, 1e-6)
    assert limits[1].lr == limits[0].lr


@check
def class_weights_are_not_silent():
    x, y = data(24)
    ranks = trainer(DataParallel(network()))
    ranks.loss = nn.CrossEntropyLoss(weight=np.array([1.0, 2.0, 3.0]))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        ranks.fit((x, y), epochs=1, batch_size=8)
    assert any("class weights" in str(w.message) for w in found)


@check
def a_loss_that_is_not_finite_on_one_rank():
    x, y = data(24)
    model = DataParallel(network())
    ranks = trainer(model)
    before = {k: v.copy() for k, v in model.state_dict().items()}

    def loss(output, target):
        value = nn.CrossEntropyLoss()(output, target)
        return value * np.nan if launch.get_rank() == 1 else value

    ranks.loss = loss
    raises(
        autograd_core.NonFiniteError, lambda: ranks.fit((x, y), epochs=1, batch_size=8), "batch 1"
    )
    for name, value in model.state_dict().items():
        assert np.array_equal(value, before[name])
    ranks.loss = nn.CrossEntropyLoss()
    ranks.fit((x, y), epochs=1, batch_size=8)  # all together can go on
    model.check_replicas()


@check
def resumed_to_the_bit_and_written_by_one():
    x, y = data(26)
    rank = launch.get_rank()

    class Stops(nn.Callback):
        stops = False

        def on_backward(self, trainer):
            if self.stops and (trainer.epoch, trainer.batch) == (2, 3):
                raise KeyboardInterrupt

    def made(name, **more):
        folder = harness.FOLDER / name
        if rank == 0:
            folder.mkdir()
        launch.world().agree("has a folder")
        model = DataParallel(network(dropout=0.5))
        path = folder / "run.safetensors" if rank == 0 else Path("/nowhere/run.safetensors")
        best = nn.SaveBest(folder / "best.safetensors" if rank == 0 else "/nowhere/best")
        return trainer(
            model, checkpoint=path, checkpoint_batches=2, callbacks=[best, Stops()], **more
        )

    undisturbed = made("undisturbed")
    undisturbed.fit((x, y), (x, y), epochs=4, batch_size=6)
    assert not (harness.FOLDER / "nowhere").exists()
    cut = made("cut")
    cut.callbacks[1].stops = True
    try:
        cut.fit((x, y), (x, y), epochs=4, batch_size=6)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("it was not cut")
    path = harness.FOLDER / "cut" / "run.safetensors"
    if rank == 0:
        assert sorted(p.name for p in path.parent.iterdir()) == ["best.safetensors", path.name]
        state = nn.load_checkpoint(path)
        assert len(state["ranks"]) == launch.get_world_size() - 1
    again = made("again")
    again.checkpoint = path
    again.fit((x, y), (x, y), epochs=4, batch_size=6)
    for a, b in zip(again.model.parameters(), undisturbed.model.parameters(), strict=True):
        assert np.array_equal(a.data, b.data)
    assert again.history.rows == undisturbed.history.rows
    assert nn.random.same_state(again._state()["random"], undisturbed._state()["random"])


@check
def reasons_of_one_rank_count_for_all():
    x, y = data(24)

    class Late(nn.Callback):
        def on_epoch_end(self, trainer, row):
            if trainer.epoch == 1 and launch.get_rank() == 1:
                trainer.stop("the time is up")

    model = DataParallel(network())
    shaken = nn.Perturbation(monitor="loss", patience=1, scale=0.1, mode="max")
    ranks = trainer(model, callbacks=[Late(), shaken])
    ranks.fit((x, y), epochs=5, batch_size=8)
    assert (ranks.epoch, ranks.stopped) == (2, "the time is up")
    model.check_replicas()


@check
def batches_that_grow_with_the_ranks():
    x, y = data(24)
    size = launch.get_world_size()
    alone, model = network(), DataParallel(network(), scale_batch=True)
    one = trainer(alone)
    one.progress = False
    one.fit((x, y), epochs=2, batch_size=4 * size)
    ranks = trainer(model)
    ranks.fit((x, y), epochs=2, batch_size=4)
    same(model, alone, 1e-10)
    state = ranks.state_dict()
    assert state["data"]["batch_size"] == 4
    cut = {**state, "batch": 0, "ranks": [state["random"]] * 5}
    ranks.load_state_dict(cut)
    assert ranks.batch == 0
    halfway = {**state, "batch": 1, "sums": {"loss": 1.0, "accuracy": 1.0, "rows": 24}}
    if 6 % size == 0:
        ranks.load_state_dict({**halfway, "ranks": [state["random"]] * 5})
        assert ranks.batch == 6 // size
    raises(
        nn.StateDictError,
        lambda: ranks.load_state_dict({**halfway, "ranks": [state["random"]] * 6}),
        "7 ranks",
    )
    raises(nn.StateDictError, lambda: ranks.load_state_dict({**state, "ranks": 3}), "list")
