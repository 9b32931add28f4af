"""A run as a plain PyTorch script, in the words of lesson 00, which prints the same losses."""

from __future__ import annotations

import inspect

from .data import AHEAD, FAMILY, PAST, TRAIN, VALIDATION
from .run import CHECK_EVERY, Run, memory
from .settings import CONTROLS, DEFAULTS, Changes, Settings, arguments, idle, to_text
from .signals import SIGNALS

START = """# {line}
import numpy as np
import torch
torch.set_num_threads(1)
rng = np.random.default_rng({seed})

{wave}
"""
ONE_SERIES = """def create_sequences(series, window):
    inputs = np.stack([series[i : i + window] for i in range(len(series) - window)])
    return inputs, series[window:, None]

wave = {name}(np.arange({total}), {points})[:, None]  # ({total}, 1): time, features
parts = np.split(wave, [{train}])  # for training, for validation
parts = [part + {noise} * rng.standard_normal(part.shape) for part in parts]
pairs = [create_sequences(part, {window}) for part in parts]
"""
# Each gives one window. The one that the playground shows is longer, and so takes more of the
# random numbers.
A_FAMILY = """periods = {points} * rng.uniform(0.6, 1.4, {both})  # of each series
lengths = {train} * [{window} + 1] + [{shown}] + {rest} * [{window} + 1]
waves = [{name}(np.arange(n) + rng.uniform() * p, p)[:, None] for n, p in zip(lengths, periods)]
waves = [wave + {noise} * rng.standard_normal(wave.shape) for wave in waves]
waves = np.stack([wave[: {window} + 1] for wave in waves])  # ({both}, {window} + 1, 1)
pairs = [(part[:, :-1], part[:, -1:]) for part in (waves[:{train}], waves[{train}:])]
"""
MODEL = """
class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.{rnn} = torch.nn.{cell}(1, {hidden}, {layers}, dropout={dropout}, batch_first=True)
        self.linear = torch.nn.Linear({hidden}, 1)

    def forward(self, x):  # (batch, time, 1)
        output, {states} = self.{rnn}(x)
        return self.linear(output)

torch.manual_seed({seed})
model = Network()
"""
FORGET = """for k in range({layers}):  # the second quarter of an LSTM's biases is the forget gate's
    getattr(model.lstm, f"bias_ih_l{{k}}").data[{hidden} : 2 * {hidden}] = {bias}
    getattr(model.lstm, f"bias_hh_l{{k}}").data[{hidden} : 2 * {hidden}] = 0.0
"""
# What a live change does, in the loop, to a value that is looked up by the step.
LIVE = {
    "dropout": "model.{rnn}.dropout = {changes}.get(step, model.{rnn}.dropout)",
    "lr": 'group["lr"] = {changes}.get(step, group["lr"])',
    "momentum": 'group["momentum"] = {changes}.get(step, group["momentum"])',
    "beta1": 'group["betas"] = ({changes}.get(step, group["betas"][0]), group["betas"][1])',
    "beta2": 'group["betas"] = (group["betas"][0], {changes}.get(step, group["betas"][1]))',
    "decay": 'group["weight_decay"] = {changes}.get(step, group["weight_decay"])',
    "batch": "batch = {changes}.get(step, batch)",
    "clip": "clip = {changes}.get(step, clip)",
}


LINES = 60  # at most; where there are more, the blank ones go


def to_script(run: Run) -> str:
    """The Python source of a run, live changes included: NumPy, PyTorch, at most `LINES` lines.

    It prints training and validation losses as the playground has them, bit by bit on one machine
    and version of PyTorch, and keeps all training losses in `losses`.
    """
    settings = run.started_with
    steps = run.step_count if run.diverged else steps_of(settings, run.all_changes)
    source = _data(settings, run.text) + _model(settings)
    source += _training(settings, run.all_changes, steps)
    return source if source.count("\n") <= LINES else source.replace("\n\n", "\n")


def steps_of(settings: Settings, changes: Changes) -> int:
    """The number of steps of a run that does not diverge: its budget may have been changed."""
    budget = settings["steps"]
    for step, name, value in changes:
        if name == "steps" and step <= budget:
            budget = max(step, value)
    return budget


def _data(s: Settings, line: str) -> str:
    usual = to_text(DEFAULTS).split()
    signal, window = SIGNALS[s["signal"]], s["window"]
    train = FAMILY[0] if signal.family else TRAIN
    values = {
        "line": " ".join(word for word in line.split() if word not in usual) or "default settings",
        "wave": inspect.getsource(signal.wave),
        "name": signal.wave.__name__,
        "train": train,
        "total": TRAIN + VALIDATION,
        "both": sum(FAMILY),
        "rest": FAMILY[1] - 1,
        "shown": max(window, PAST) + AHEAD,
    }
    source = START + (A_FAMILY if signal.family else ONE_SERIES)
    source = source.format(**s, **values)
    source += (
        "(X, y), (X_val, y_val) = [[torch.tensor(a).float() for a in pair] for pair in pairs]\n"
    )
    source += "some = rng.permutation(len(X_val))[:64]  # of the windows for validation\n"
    source += "X_val, y_val = X_val[some], y_val[some]\n"
    if s["loss"] == "every output":
        first = min(5, window - 1)
        source += f"y = torch.cat([X[:, 1:], y], dim=1)[:, {first}:]  # targets of every output\n"
    return source


def _model(s: Settings) -> str:
    values = {
        "rnn": s["cell"].lower(),
        "states": "(h_n, c_n)" if s["cell"] == "LSTM" else "h_n",
        "dropout": s["dropout"] if s["layers"] > 1 else 0.0,
    }
    forget = s["cell"] == "LSTM" and s["bias"] != "as drawn"
    return MODEL.format(**{**s, **values}) + (FORGET.format(**s) if forget else "")


def _training(s: Settings, changes: Changes, steps: int) -> str:
    live = _live(s, changes)
    held = [name for name in ("batch", "clip") if name in live]
    lines = [
        "loss_fn = torch.nn.MSELoss()",
        f"optimizer = torch.optim.{s['optimizer']}(model.parameters(), {_handed(s)})",
        f"generator = torch.Generator().manual_seed({s['seed']})  # of the batches",
    ]
    if s["schedule"] == "one-cycle":
        cycle = "torch.optim.lr_scheduler.OneCycleLR"
        lines.append(f"schedule = {cycle}(optimizer, {s['lr']}, total_steps={s['steps']})")
    starts = {"losses": "[]", **{name: _literal(s, name, s[name]) for name in held}}
    if any("group" in line for line in live.values()):
        starts["group"] = "optimizer.param_groups[0]"
    lines.append(f"{', '.join(starts)} = {', '.join(starts.values())}")
    lines.append(f"for step in range({steps}):")
    noisy = s["layers"] > 1 and (s["dropout"] > 0 or "dropout" in live)
    clips = "clip" in live or s["clip"] != "off"
    body = [
        *live.values(),
        f"chosen = {_chosen(s, changes)}",
        *(["model.train()"] if noisy else []),
        "loss = loss_fn(model(X[chosen])[:, -y.shape[1] :], y[chosen])",
        "optimizer.zero_grad()",
        "loss.backward()",
        *([_clipping(s, live)] if clips else []),
        "optimizer.step()",
        *(["schedule.step()"] if s["schedule"] == "one-cycle" else []),
        "losses.append(loss.item())",
        f"if len(losses) % {CHECK_EVERY} == 0:",
        *(["    model.eval()"] if noisy else []),
        "    with torch.no_grad():",
        "        check = loss_fn(model(X_val)[:, -1:], y_val).item()",
        '    print(f"step {len(losses)}: training {losses[-1]}, validation {check}")',
    ]
    return "\n".join([*lines, *(f"    {line}" for line in body), ""])


def _handed(s: Settings) -> str:
    """The optimiser's arguments, without those that are as usual."""
    usual = {"weight_decay": 0.01 if s["optimizer"] == "AdamW" else 0.0}
    usual |= {"momentum": 0.0, "betas": (0.9, 0.999)}
    handed = {**arguments(s, "training"), **memory(s)}
    words = [f"{k}={v}" for k, v in handed.items() if k not in usual or v != usual[k]]
    return ", ".join(words)


def _live(s: Settings, changes: Changes) -> dict[str, str]:
    """The lines that make the live changes, by the names of what they change."""
    lines = {}
    for name in CONTROLS:
        values = {step: value for step, changed, value in changes if changed == name}
        if name == "steps" or not values or idle(name, s):
            continue
        entries = [f"{step}: {_literal(s, name, value)}" for step, value in values.items()]
        kind = "beta1" if name == "momentum" and s["optimizer"] != "SGD" else name
        table = "{" + ", ".join(entries) + "}"
        lines[name] = LIVE[kind].format(changes=table, rnn=s["cell"].lower())
    return lines


def _literal(s: Settings, name: str, value) -> str:
    if name == "momentum":
        value = next(iter(memory({**s, "momentum": value}).values()))
        value = value[0] if isinstance(value, tuple) else value
    return "np.inf" if value == "off" else repr(value)


def _chosen(s: Settings, changes: Changes) -> str:
    sizes = [s["batch"], *(value for _, name, value in changes if name == "batch")]
    if sizes == ["all"]:
        return "slice(None)  # all windows"
    size = "batch" if len(sizes) > 1 else sizes[0]
    drawn = f"torch.randint(len(X), ({size},), generator=generator)"
    return f'slice(None) if batch == "all" else {drawn}' if "all" in sizes else drawn


def _clipping(s: Settings, live: dict[str, str]) -> str:
    limit = "clip" if "clip" in live else s["clip"]
    return f"torch.nn.utils.clip_grad_norm_(model.parameters(), {limit})"
