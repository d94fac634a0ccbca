"""What turns a torch model into the keys and tensors of a GGUF file, and the file's values back into the model.

Each family is a function that makes a configuration and says which parameter goes where, by copies, permutations and slices alone. It runs
twice. First every element of every parameter holds a number of its own, and what arrives in the file tells where each element went; the
file's values, made from the tensors' names, then go back along the same way. The second run finds them in the model, and they must be what
the file holds: the reference sees exactly the file, whatever the order of rows in it.
"""

import numpy as np

from family_oracle import numbers

VOCABULARY = 320
TOKENS = 96
CONTEXT = 128  # what each file states as its trained length, unless a family needs another
EPSILON = 1e-3  # of the norms: a hundred times the usual, so that a wrong one shows

FAMILIES = {}


def family(name, **about):
    """Names a family; what `about` says (which GELU, which YaRN) goes into the description."""

    def register(function):
        FAMILIES[name] = (function, about)
        return function

    return register


class Tensor:
    def __init__(self, values, plus, quantise, constant):
        self.values = np.ascontiguousarray(values, dtype=np.float32)  # rows of output features, as torch.nn.Linear has them
        self.plus = plus  # what the file adds to the parameter
        self.quantise = quantise
        self.constant = constant  # not from a parameter
        self.mean = self.width = None


class Export:
    """One run of a family's function over one model."""

    def __init__(self, model=None):
        self.model = model
        self.prefix = ""
        self.keys = []  # (name, value)
        self.tensors = {}

    def begin(self, architecture, config, **choices):
        """The model, numbered if it is new. `choices`: see numbers.spread."""
        self.prefix = architecture
        self.keys.append(("general.architecture", architecture))
        self.choices = dict(embedding_deviation=1.0, zero_centred_norms=False, query_key_gain=1.0) | choices
        if self.model is None:
            self.model = make(config)
            number(self.model)
        self.parameters = parameters(self.model, remove_duplicate=False)
        return self

    def key(self, name, value):
        self.keys.append((f"{self.prefix}.{name}", value))

    def replace_key(self, name, value):
        full = f"{self.prefix}.{name}"
        self.keys = [(one, value if one == full else old) for one, old in self.keys]

    def __contains__(self, source):
        return source in self.parameters

    def __getitem__(self, source):
        return self.parameters[source].detach().float().numpy().copy()

    def tensor(self, name, values, plus=0.0, quantise=True, constant=False):
        assert name not in self.tensors, name
        self.tensors[name] = Tensor(values, plus, quantise and name.endswith(".weight") and np.ndim(values) >= 2, constant)

    def constant(self, name, values):
        self.tensor(name, np.asarray(values), quantise=False, constant=True)

    def copy(self, target, source, change=None, plus=0.0, quantise=True):
        """One parameter to one tensor. `change` reorders rows for the file."""
        values = self[source]
        self.tensor(target, change(values) if change else values, plus, quantise)


def make(config):
    import torch
    import transformers

    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation="eager", experts_implementation="eager").float().eval()


def parameters(model, remove_duplicate=True):
    """All that holds weights, by name: tied parameters once or by both names."""
    found = dict(model.named_parameters(remove_duplicate=remove_duplicate))
    found.update((name, buffer) for name, buffer in model.named_buffers() if name.endswith("layer_scalar"))
    return found


def put(parameter, values):
    import torch

    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)))


def number(model):
    first = 0
    for parameter in parameters(model).values():
        count = parameter.numel()
        put(parameter, np.arange(first, first + count).reshape(tuple(parameter.shape)))
        first += count
    assert first < 2**24, "numbers in float32 are exact up to here"


class Way:
    """Where each element of the numbered model went, and the way back."""

    def __init__(self, export):
        self.model, self.choices = export.model, export.choices
        self.names, self.shapes, self.firsts = [], [], []
        self.total = 0
        for name, parameter in parameters(self.model).items():
            self.names.append(name)
            self.shapes.append(tuple(parameter.shape))
            self.firsts.append(self.total)
            self.total += parameter.numel()
        self.places = {name: tensor.values.astype(np.int64)
                       for name, tensor in export.tensors.items() if not tensor.constant}
        went = np.bincount(np.concatenate([places.ravel() for places in self.places.values()]), minlength=self.total)
        if went.size != self.total or not np.all(went == 1):
            missing = {self.owner(place) for place in np.flatnonzero(went != 1)}
            raise ValueError(f"not in the file exactly once: {', '.join(sorted(missing))}")

    def index(self, place):
        return int(np.searchsorted(self.firsts, place, side="right")) - 1

    def owner(self, place):
        return self.names[self.index(place)]

    def choose(self, name, tensor):
        """Mean and half-width of a tensor of the file, those of the parameters that it is made of."""
        owners = {self.index(place) for place in np.unique(self.places[name])}
        by_input = self.model.config.model_type == "gpt_oss"
        spreads = {numbers.spread(self.names[i], self.shapes[i], by_input, **self.choices) for i in owners}
        assert len(spreads) == 1, (name, spreads)
        mean, deviation = spreads.pop()
        tensor.mean = np.float32(mean + tensor.plus)
        tensor.width = np.float32(deviation * 3**0.5)  # of a uniform distribution

    def back(self, tensors):
        """Writes the file's values into the model."""
        everything = np.zeros(self.total, dtype=np.float32)
        for name, places in self.places.items():
            everything[places] = tensors[name].values - np.float32(tensors[name].plus)
        for parameter, first in zip(parameters(self.model).values(), self.firsts):
            put(parameter, everything[first:first + parameter.numel()].reshape(tuple(parameter.shape)))


def export_family(name, seed, quantise=lambda name, tensor: None):
    """The filled model and its export. `quantise` may change what the file's values mean before they go into the model."""
    function, about = FAMILIES[name]
    export = Export()
    function(export)
    way = Way(export)
    for tensor_name, tensor in export.tensors.items():
        if not tensor.constant:
            way.choose(tensor_name, tensor)
            tensor.values = numbers.values(tensor_name, seed, tensor.values.shape, tensor.mean, tensor.width)
        quantise(tensor_name, tensor)
    way.back(export.tensors)
    again = Export(export.model)
    function(again)
    assert again.keys == export.keys and list(again.tensors) == list(export.tensors)
    for tensor_name, tensor in again.tensors.items():
        if not np.array_equal(tensor.values + np.float32(tensor.plus), export.tensors[tensor_name].values):
            raise ValueError(f"{tensor_name} of the model is not what the file holds")
    return export, about


def token_sequence():
    return np.random.default_rng(12345).integers(0, 256, TOKENS).astype(np.int32)


def reference(model, tokens):
    """Logits in double precision."""
    import torch

    ids = torch.from_numpy(tokens.astype(np.int64))[None]
    with torch.no_grad():
        return model.double()(input_ids=ids, use_cache=False).logits[0].double().numpy()
