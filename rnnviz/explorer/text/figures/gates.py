"""Gates: how the values of every gate of the reading are spread, and how many are saturated."""

from __future__ import annotations

from rnnviz.explorer.text.figures.subject import Subject


def gates(subject: Subject) -> None:
    """The spread of every gate in the direction that is chosen in the theatre."""
    from rnnviz import figures

    view, reading = subject.view, subject.reading
    is_backward = view.direction == "backward"
    layers = [
        one.backward if is_backward and one.backward is not None else one.forward
        for one in reading.layers
    ]
    steps = view.steps
    if view.span is not None:
        steps = tuple(range(view.span[0], view.span[1] + 1))
    spread = figures.gate_distribution(
        layers[view.layer], units=view.units, steps=steps, step_word="token", theme=subject.theme
    )
    saturation = figures.gate_saturation(layers, selected=view.layer, theme=subject.theme)
    with subject.room.left:
        subject.plot(spread, "gates")
    with subject.room.right:
        subject.plot(saturation, "saturation")
    what = "state" if reading.cell == "rnn" else "gate"
    count, units = next(iter(layers[view.layer].values())).shape
    direction = "backward" if is_backward else "forward"
    subject.room.foot.caption(
        f"**What to look for.** On the left every value of each {what} of the {direction} "
        f"direction, {units} units at {count:,} tokens; on the right how many of them are below "
        f"0.1 or above 0.9 (of a state, near -1 or 1). A {what} that lives at the ends works as a "
        "switch, one in the middle as a dimmer. Pinned units and tokens are drawn on top."
    )
