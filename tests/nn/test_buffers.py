"""Memory that is used again: never while anybody can still see it."""

from __future__ import annotations

import copy
import gc
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import rnnviz
from rnnviz.nn import buffers
from tests.oracle import CELLS, assert_same, run, twins

ROOT = Path(__file__).resolve().parents[2]
LIKE = torch.zeros(1)
LARGE = (1024, 1024)  # 4 MB


@pytest.fixture(autouse=True)
def empty_store() -> Iterator[None]:
    gc.collect()
    buffers._idle.clear()
    yield
    buffers._idle.clear()


def test_freed_memory_is_used_again() -> None:
    first = buffers.empty(*LARGE, like=LIKE)
    place = first.data_ptr()
    other = buffers.empty(*LARGE, like=LIKE)
    assert other.data_ptr() != place
    del first
    assert len(buffers._idle) == 1
    assert buffers.empty(*LARGE, like=LIKE).data_ptr() == place


@pytest.mark.parametrize(
    "keep",
    [
        lambda tensor: tensor[3:5],
        lambda tensor: tensor.detach().view(-1)[:1],
        lambda tensor: tensor.numpy(),
        lambda tensor: tensor.untyped_storage(),
        lambda tensor: memoryview(tensor.numpy()),
        lambda tensor: torch.utils.dlpack.from_dlpack(tensor),
        lambda tensor: torch.nn.Parameter(tensor),
    ],
)
def test_whatever_sees_the_memory_keeps_it(keep: Any) -> None:
    tensor = buffers.empty(*LARGE, like=LIKE)
    seen = keep(tensor)
    del tensor
    gc.collect()
    assert not buffers._idle
    del seen
    gc.collect()
    assert len(buffers._idle) == 1


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_tensors_are_ordinary(dtype: torch.dtype) -> None:
    like = torch.zeros(1, dtype=dtype, requires_grad=True)
    tensor = buffers.empty(300, 400, like=like)
    assert tensor.shape == (300, 400) and tensor.dtype == dtype
    assert tensor.is_contiguous() and not tensor._is_view() and not tensor.requires_grad
    assert tensor.data_ptr() % 64 == 0
    tensor.fill_(1.5)
    assert tensor.sum(dtype=torch.float64) == 1.5 * 300 * 400
    file = io.BytesIO()
    torch.save(tensor, file)
    file.seek(0)
    for twin in (copy.deepcopy(tensor), torch.load(file, weights_only=True), tensor.clone()):
        assert torch.equal(twin, tensor)
        twin.zero_()
    assert tensor.all()


def test_small_and_other_devices_are_torchs() -> None:
    buffers.empty(3, like=LIKE)
    assert buffers.empty(*LARGE, like=torch.zeros(1, device="meta")).is_meta
    gc.collect()
    assert not buffers._idle


def test_no_more_is_kept_than_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "KEPT_BYTES", 10 << 20)
    tensors = [buffers.empty(size, 1024, like=LIKE) for size in range(256, 1024, 64)]
    assert sum(tensor.nbytes for tensor in tensors) > 20 << 20
    del tensors
    assert 0 < sum(block.nbytes for block in buffers._idle.values()) <= 10 << 20


def test_a_much_larger_block_is_left_for_others() -> None:
    large = buffers.empty(*LARGE, like=LIKE)
    del large
    small = buffers.empty(512, 1024, like=LIKE)
    assert len(buffers._idle) == 1
    assert small.untyped_storage().nbytes() < 1.3 * small.nbytes


def test_threads_never_share_a_block() -> None:
    failures: list[str] = []

    def work(number: int) -> None:
        for _ in range(300):
            held = [buffers.empty(64, 1024, like=LIKE).fill_(number) for _ in range(3)]
            if not all(bool((tensor == number).all()) for tensor in held):
                failures.append("somebody wrote into this thread's memory")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("cell", CELLS)
def test_large_passes_equal_torch_again_and_again(cell: str) -> None:
    """With real sizes: the store is in use, results of earlier passes stay, gradients are right."""
    ours, theirs = twins(cell, 64, 96, 2, batch_first=True)
    inputs = [torch.randn(64, 20, 64, dtype=torch.float64) for _ in range(3)]
    wanted = [run(theirs, x) for x in inputs]
    kept: list[dict[str, Tensor]] = []
    for _ in range(2):
        kept += [run(ours, x) for x in inputs]
    assert buffers._idle, "nothing came back: the test is too small"
    for mine, torchs in zip(kept, wanted * 2, strict=True):
        assert_same(mine, torchs)


def test_traces_keep_their_numbers() -> None:
    module = rnnviz.LSTM(64, 96, batch_first=True)
    first = rnnviz.trace(module, torch.randn(64, 20, 64))
    copies = [values.clone() for *_, values in first.named_signals()]
    for _ in range(3):
        rnnviz.trace(module, torch.randn(64, 20, 64))
    for (*_, values), before in zip(first.named_signals(), copies, strict=True):
        assert torch.equal(values, before)


def test_the_program_ends_quietly() -> None:
    """Blocks are alive, lent and idle, when the interpreter takes everything apart."""
    code = (
        "import torch, rnnviz\n"
        "module = rnnviz.GRU(64, 96)\n"
        "output, state = module(torch.randn(64, 64, 64))\n"
        "output.sum().backward()\n"
        "cycle = [module(torch.randn(64, 64, 64))[0]]; cycle.append(cycle)\n"
        "from rnnviz.nn import buffers; assert buffers._idle\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
