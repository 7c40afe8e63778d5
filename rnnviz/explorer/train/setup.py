"""The controls of the Train page: five that everybody needs, the others behind "More choices"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from rnnviz.explorer.parts.address import CELLS
from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.parts.visitor import present
from rnnviz.explorer.train.address import RACE, REFERENCE, SEEDS
from rnnviz.explorer.train.choices import TrainChoices
from rnnviz.explorer.train.upload import upload_controls
from rnnviz.notation import cells as notes
from rnnviz.notation.cells import CELL_NAMES
from rnnviz.training.plan import BOUNDS
from rnnviz.training.presets import PRESETS
from rnnviz.training.tasks.table import TASKS

MORE = "train_more"
SIZES = (2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
RATES = (
    1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 3.0,
)  # fmt: skip
EPOCHS = (1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 30, 40, 60)
CLIPS = (None, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
BATCHES = (10, 20, 32, 50, 64, 100, 128, 200, 256, 500)
DECAYS = (0.0, 1e-4, 1e-3, 1e-2, 0.1)
DROPOUTS = (0.0, 0.1, 0.2, 0.3, 0.5)
GAINS = (0.5, 0.7, 0.9, 1.0, 1.1, 1.3, 1.5, 2.0)
BIASES = (None, 0.0, 1.0, 2.0, 3.0, 5.0)
LENGTHS = (2, 5, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200)
EXAMPLES = (100, 200, 500, 1000, 2000, 3000, 5000, 10_000, 20_000, 60_000, None)

READOUTS = {
    "last": "Last state",
    "last-step": "Last step, even if it is padding",
    "mean": "Mean of all states",
    "max": "Maximum of all states",
    "attention": "Attention",
    "attention-max": "Attention and maximum",
}
INITIALISATIONS = {
    "kept": "Default",
    "torch": "PyTorch's",
    "orthogonal": "Orthogonal",
    "identity": "Identity",
}
OPTIMIZERS = {
    "adamw": "AdamW",
    "adam": "Adam",
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "rmsprop": "RMSprop",
}
SCHEDULES = {
    "one-cycle": "One cycle",
    "constant": "Constant",
    "cosine": "Cosine",
    "steps": "In steps",
}
ENGINES = {
    "bptt": "Fast, written here",
    "steps": "Step by step, written here",
    "torch": "torch.nn",
}


def setup_controls(choices: TrainChoices, visitor: str) -> None:
    """What is trained, on which task, how large, how fast, how long."""
    _preset(choices)
    _task(choices)
    if choices.plan.task == "own":
        upload_controls(choices, present(visitor), visitor)
    _cell(choices)
    plan, race = choices.plan, choices.address.is_race
    of_which = f" of the {CELL_NAMES[REFERENCE]}" if race else ""
    more = " The other cells get as many as make the same number of parameters." if race else ""
    _slider(
        choices, "hidden_size", f"Units{of_which}", SIZES,
        help="How many numbers the network's memory holds. More can remember more, take longer, "
        f"and learn small data by heart.{more}",
    )  # fmt: skip
    _slider(
        choices, "learning_rate", "Learning rate", RATES, shown=lambda rate: f"{rate:g}",
        help="How far each step goes downhill. Too low, and little happens; too high, and the loss "
        "jumps about or the numbers overflow. Tenfold changes make the difference.",
    )  # fmt: skip
    _slider(
        choices, "epochs", "Epochs", EPOCHS,
        help="How often all training examples are gone through. You can stop at any time, and the "
        "best network so far is kept.",
    )  # fmt: skip
    # Fifteen more controls cost a browser a second: they are made for those who ask.
    fold = st.expander("More choices", key=MORE, icon=":material/tune:", on_change="rerun")
    if fold.open:
        with fold:
            _network(choices)
            _learning(choices)
            _data(choices, plan.task)


def _preset(choices: TrainChoices) -> None:
    titles = {one.key: one.title for one in PRESETS}
    _select(
        choices, "preset", "Start from", titles, placeholder="Your own choices",
        help=f"{len(PRESETS)} trainings with something to see. Each sets all controls below; "
        "change any of them afterwards.",
    )  # fmt: skip
    if choices.preset is not None:
        st.caption(f"**What to look for.** {plain(choices.preset.look_for)}")


def _task(choices: TrainChoices) -> None:
    titles = {name: info.title.split(" (")[0] for name, info in TASKS.items()}
    _select(
        choices, "task", "Task", titles,
        help="What the network has to learn. Another task brings sizes and rates that suit it.",
    )  # fmt: skip
    info = TASKS[choices.plan.task]
    if choices.preset is None:
        st.caption(plain(info.what))


def _cell(choices: TrainChoices) -> None:
    names = {cell: CELL_NAMES[cell] for cell in CELLS} | {RACE: "Race"}
    _segments(
        choices, "cell", "Network", names,
        help="Three ways to carry a memory from step to step. A race trains several of them on the "
        "same batches with the same number of parameters.",
    )  # fmt: skip
    if not choices.address.is_race:
        return
    with st.container(horizontal=True):
        st.segmented_control(
            "Who races",
            CELLS,
            selection_mode="multi",
            default=list(choices.address.racers),
            format_func=CELL_NAMES.__getitem__,
            **choices.control("racers"),
            help="Two or three of them.",
        )
        _segments(
            choices, "seeds", "Seeds", {seed: f"{seed}" for seed in SEEDS},
            help="With three seeds each network is trained three times from other first weights, "
            "and shown as a band: chance is seen, and the race takes three times as long.",
        )  # fmt: skip


def _network(choices: TrainChoices) -> None:
    st.markdown("**The network**")
    plan = choices.plan
    is_copy = plan.task == "copy"
    _segments(
        choices, "num_layers", "Layers", {n: str(n) for n in (1, 2, 3, 4)},
        help="Networks on top of each other: the second reads the states of the first.",
    )  # fmt: skip
    if not is_copy:
        _toggle(
            choices, "bidirectional", "Read in both directions",
            help="A second network reads from the end, and both states are used. That is twice "
            "the parameters.",
        )  # fmt: skip
    if not is_copy:
        _select(
            choices, "readout", "Readout", READOUTS,
            help="How an answer is made of the states of all steps. Attention learns which steps "
            "count; the last step of padded texts is a mistake worth seeing.",
        )  # fmt: skip
    _select(
        choices, "initialisation", "First weights", INITIALISATIONS,
        help="Where the recurrent weights start. Orthogonal and identity matrices neither shrink "
        "nor stretch a state, so gradients survive many steps. Default: orthogonal matrices, and "
        "gates that start open.",
    )  # fmt: skip
    if plan.initialisation != "kept":
        _slider(
            choices, "gain", "Gain of the first weights", GAINS, shown=lambda gain: f"{gain:g}",
            help="Multiplies the first recurrent weights: below 1 gradients vanish over many "
            "steps, above 1 they explode.",
        )  # fmt: skip
    if notes.CELLS[plan.cell].keep_word is not None:
        _slider(
            choices, "gate_bias", "Initial bias of the forget gate (LSTM) or update gate (GRU)",
            BIASES,
            shown=lambda bias: "default" if bias is None else f"{bias:g}",
            help="The forget gate of an LSTM or the update gate of a GRU starts at this bias. "
            "With 3 it begins nearly open, and a memory lasts from the start.",
        )  # fmt: skip
    _select(
        choices, "engine", "Computed by", ENGINES,
        help="The same mathematics three ways: this project's fast path, its readable loop over "
        "steps, or PyTorch's own layers.",
    )  # fmt: skip


def _learning(choices: TrainChoices) -> None:
    st.markdown("**How it learns**")
    _select(
        choices, "optimizer", "Optimiser", OPTIMIZERS,
        help="What a step does with the gradient. Adam and its kin scale it for each weight; plain "
        "SGD takes it as it is, and shows best what gradients are like.",
    )  # fmt: skip
    _select(
        choices, "schedule", "Learning rate over time", SCHEDULES,
        help="One cycle rises to the rate above and falls to nothing; a constant rate stays. A "
        "falling rate lets the network settle at the end.",
    )  # fmt: skip
    _slider(
        choices, "clip_norm", "Clip gradients to", CLIPS,
        shown=lambda norm: "no clipping" if norm is None else f"{norm:g}",
        help="A gradient with a larger norm is scaled down to this norm, in the same direction, so "
        "that one steep place does not change the weights too much.",
    )  # fmt: skip
    _slider(
        choices, "batch_size", "Examples in a batch", BATCHES,
        help="How many examples a step looks at. Small batches make many noisy steps, large ones "
        "few steady steps.",
    )  # fmt: skip
    _slider(
        choices, "weight_decay", "Weight decay", DECAYS, shown=lambda decay: f"{decay:g}",
        help="Shrinks all weights a little at every step. This reduces over-fitting.",
    )  # fmt: skip
    _slider(
        choices, "dropout", "Dropout", DROPOUTS, shown=lambda share: f"{share:.0%}",
        help="This share of the values is left out at random in training, so that the network "
        "relies on no single one.",
    )  # fmt: skip
    st.number_input(
        "Seed",
        value=choices.plan.seed,
        min_value=int(BOUNDS["seed"][0]),
        max_value=int(BOUNDS["seed"][1]),
        step=1,
        **choices.control("seed"),
        help="The number from which all chance is drawn: first weights, order of the examples. The "
        "same seed gives the same curve again.",
    )


def _data(choices: TrainChoices, task: str) -> None:
    words = TASKS[task].words
    if "delay" not in words and "length" not in words and "examples" not in words:
        return
    st.markdown("**The data**")
    if "delay" in words:
        _slider(
            choices, "delay", "Delay in steps", LENGTHS,
            help="For how many steps something has to be remembered: the longer, the harder.",
        )  # fmt: skip
    if "length" in words:
        _slider(
            choices, "length", "Length in steps", LENGTHS,
            help="How long a sequence is, or how much of it has to be remembered.",
        )  # fmt: skip
    if "examples" in words:
        _slider(
            choices, "examples", "Training examples, at most", EXAMPLES,
            shown=lambda count: "all" if count is None else f"{count:,}",
            help="With few examples a network learns them by heart, and its held-out curve shows "
            "it. With more, every epoch takes longer.",
        )  # fmt: skip


def _slider(
    choices: TrainChoices,
    name: str,
    label: str,
    options: Sequence[Any],
    *,
    help: str,
    shown: Callable[[Any], str] = lambda value: f"{value:,}",
) -> None:
    """A slider over a few numbers that make a difference, and the present one where it is none."""
    value = choices.value(name)
    least, most = BOUNDS[name]
    # What is written the same is the same to the browser: of such twins only the present one.
    every = {one for one in options if shown(one) != shown(value)} | {value}
    numbers = sorted(one for one in every if one is not None and least <= one <= most)
    none = [None] if None in every else []
    ends = (numbers, none) if options[-1] is None else (none, numbers)
    st.select_slider(
        label,
        [*ends[0], *ends[1]],
        value=value,
        format_func=shown,
        **choices.control(name),
        help=help,
    )


def _select(
    choices: TrainChoices,
    name: str,
    label: str,
    names: dict[str, str],
    *,
    help: str,
    placeholder: str | None = None,
) -> None:
    value = choices.value(name)
    st.selectbox(
        label,
        list(names),
        index=list(names).index(value) if value in names else None if placeholder else 0,
        format_func=names.__getitem__,
        **choices.control(name),
        placeholder=placeholder,
        help=help,
    )


def _segments(
    choices: TrainChoices, name: str, label: str, names: dict[Any, str], *, help: str
) -> None:
    st.segmented_control(
        label,
        list(names),
        default=choices.value(name),
        format_func=names.__getitem__,
        required=True,
        wrap=True,
        **choices.control(name),
        help=help,
    )


def _toggle(choices: TrainChoices, name: str, label: str, *, help: str) -> None:
    st.toggle(
        label,
        value=choices.value(name),
        **choices.control(name),
        help=help,
    )
