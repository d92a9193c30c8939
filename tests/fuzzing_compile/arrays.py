"""Arrays and Tensors that a function reads, and the ways in which Python takes numbers out."""

# ruff: noqa: E501 - each program on a line of its own

# As in objects.py.
ARRAYS: dict[str, tuple[str, str, str]] = {
    "element": ("v{k} = np.array([{a}.0, 9.0])", "v{k}[0]", "v{k}[0] = {b}"),
    "element as a number": ("v{k} = np.array([{a}, 9])", "int(v{k}[0])", "v{k}[0] = {b}"),
    "item": ("v{k} = np.array([{a}.0, 9.0])", "v{k}.item(0)", "v{k}[0] = {b}"),
    "item of a matrix": ("v{k} = np.array([[0, {a}.0]])", "v{k}.item(0, 1)", "v{k}[0, 1] = {b}"),
    "tolist": ("v{k} = np.array([{a}.0, 9.0])", "v{k}.tolist()[0]", "v{k}[0] = {b}"),
    "sum": ("v{k} = np.array([{a}.0, 0.0])", "float(np.sum(v{k}))", "v{k}[0] = {b}"),
    "iteration": ("v{k} = np.array([{a}, 0])", "max(int(n) for n in v{k})", "v{k}[0] = {b}"),
    "flag": ("v{k} = np.array([{a}])", "(1 if v{k}[0] > 3 else 2)", "v{k}[0] = {b}"),
    "membership": ("v{k} = np.array([{a}])", "(1 if {a} in v{k} else 2)", "v{k}[0] = {b}"),
    "zero-dimensional": ("v{k} = np.array({a})", "range(20)[v{k}]", "v{k}[...] = {b}"),
    "whole array": ("v{k} = np.full(3, {a})", "v{k}", "v{k}[:] = {b}"),
    "function of an array": ("v{k} = np.full(3, {a} / 9)", "np.sin(v{k})", "v{k}[:] = {b}"),
    "array rebound": ("v{k} = np.full(3, {a})", "v{k}", "v{k} = np.full(3, {b})"),
    "view": ("u{k} = np.full(6, {a}); v{k} = u{k}[::2]", "v{k}", "u{k}[:] = {b}"),
    "shape in place": (
        "v{k} = np.arange({a} * {b})", "v{k}.shape[0]", "v{k}.shape = ({b}, {a})",
    ),
    "array in a tuple": ("v{k} = (np.array([{a}]),)", "int(v{k}[0][0])", "v{k}[0][0] = {b}"),
    "array in a list": ("v{k} = [np.array([{a}])]", "int(v{k}[0][0])", "v{k}[0][0] = {b}"),
    "array as a default": ("def g{k}(v=np.array([{a}])): return v", "g{k}()[0]", "g{k}.__defaults__[0][0] = {b}"),
    "array of an object": (
        "class C{k}: pass\nv{k} = C{k}(); v{k}.a = np.array([{a}])", "int(v{k}.a[0])", "v{k}.a[0] = {b}",
    ),
    "array of a class": ("class C{k}: a = np.array([{a}])", "int(C{k}.a[0])", "C{k}.a[0] = {b}"),
    "array in a slot": (
        "class C{k}:\n    __slots__ = ('a',)\nv{k} = C{k}(); v{k}.a = np.array([{a}])", "int(v{k}.a[0])",
        "v{k}.a[0] = {b}",
    ),
    "array in a namespace": (
        "v{k} = types.SimpleNamespace(a=np.array([{a}]))", "int(v{k}.a[0])", "v{k}.a[0] = {b}",
    ),
    "kind of array": (
        "v{k} = [np.array({a}.0)]", "(float(v{k}[0]) if isinstance(v{k}[0], np.ndarray) else -1)",
        "v{k}[0][...] = {b}",
    ),
    "bytes of an array": ("v{k} = np.array([{a}], np.uint8)", "v{k}.tobytes()[0]", "v{k}[0] = {b}"),
    "record array": (
        "v{k} = np.rec.array([({a}, 1.0)], dtype=[('n', int), ('y', float)])", "v{k}.n[0]",
        "v{k}.n[0] = {b}",
    ),
    "structured array": ("v{k} = np.zeros(1, [('n', int)]); v{k}['n'] = {a}", "v{k}['n'][0]", "v{k}['n'] = {b}"),
    "record": (
        "u{k} = np.zeros(1, [('n', int)]); u{k}['n'] = {a}; v{k} = u{k}[0]", "v{k}['n']", "u{k}['n'] = {b}",
    ),
    "object array": (
        "v{k} = np.array([{a}, None], object)", "v{k}[0]", "v{k}[0] = {b}",
    ),
    "text array": ("v{k} = np.array(['{a}'])", "float(v{k}[0])", "v{k}[0] = '{b}'"),
    "masked array": ("v{k} = np.ma.masked_array([{a}, 1])", "int(v{k}[0])", "v{k}[0] = {b}"),
    "boolean mask": ("v{k} = np.arange(12) < {a}", "int(np.count_nonzero(v{k}))", "v{k}[:] = np.arange(12) < {b}"),
    "polynomial": ("v{k} = np.poly1d([{a}, 1])", "v{k}(1)", "v{k}.coeffs[0] = {b}"),
    "tensor": ("v{k} = Tensor([{a}.0, 9.0])", "v{k}[:1].item()", "v{k}.data[0] = {b}"),
    "tensor's list": ("v{k} = Tensor([{a}.0, 9.0])", "v{k}.tolist()[0]", "v{k}.data[0] = {b}"),
    "tensor's element": ("v{k} = Tensor([{a}.0, 9.0])", "v{k}[0]", "v{k}.data[0] = {b}"),
    "tensor's number": ("v{k} = Tensor([{a}.0], requires_grad=True)", "float(v{k}.detach()[0])", "v{k}.data[0] = {b}"),
    "tensor's data": ("v{k} = Tensor([{a}.0])", "v{k}", "v{k}.data = np.array([{b}.0])"),
    "gradient taken inside": (
        "v{k} = np.array([{a}.0])\ng{k} = autograd_core.grad(lambda y: np.sum(y * y * v{k}))", "g{k}(np.ones(1))",
        "v{k}[0] = {b}",
    ),
    "function in a transform": (
        "v{k} = {a}\ng{k} = autograd_core.grad(lambda y: y * v{k})", "g{k}(1.0)", "v{k} = {b}",
    ),
    "kind by match": (
        "v{k} = [np.array({a}.0)]\ndef g{k}(v):\n    match v:\n        case np.ndarray():\n"
        "            return float(v)\n    return -1",
        "g{k}(v{k}[0])", "v{k}[0][...] = {b}",
    ),
    "kind by class": (
        "v{k} = [np.array({a}.0)]", "(float(v{k}[0]) if v{k}[0].__class__ is np.ndarray else -1)",
        "v{k}[0][...] = {b}",
    ),
    "kind by type": (
        "v{k} = np.array({a}.0)", "(float(v{k}) if type(v{k}) is np.ndarray else -1)",
        "v{k}[...] = {b}",
    ),
    "kind by dispatch": (
        "v{k} = np.array({a}.0)\n@functools.singledispatch\ndef g{k}(v): return -1\n"
        "@g{k}.register\ndef _(v: np.ndarray): return float(v)",
        "g{k}(v{k})", "v{k}[...] = {b}",
    ),
    "attribute of an array": (
        "v{k} = np.array({a}.0)", "(float(v{k}) if hasattr(v{k}, 'ctypes') else -1)", "v{k}[...] = {b}",
    ),
    "strides": ("v{k} = np.zeros((8, 8))[:, :{a}]", "v{k}.strides[1] * v{k}.shape[1]", "v{k} = np.zeros({b})[None]"),
    "own array class": (
        "class C{k}(np.ndarray): pass\nv{k} = np.array([{a}]).view(C{k})", "int(v{k}[0])", "v{k}[0] = {b}",
    ),
    "attribute of an own array": (
        "class C{k}(np.ndarray): pass\nv{k} = np.array([1]).view(C{k}); v{k}.a = {a}", "v{k}.a", "v{k}.a = {b}",
    ),
    "sparse matrix": (
        "v{k} = scipy.sparse.csr_matrix([[{a}.0]])", "float(v{k}.sum())", "v{k}.data[0] = {b}",
    ),
    "interpolation": (
        "v{k} = scipy.interpolate.CubicSpline([0, 1, 2], [{a}, {a}, {a}])", "float(v{k}(1.0))",
        "v{k}.c[-1] = {b}",
    ),
    "search": ("v{k} = np.array([1, 3, 5, 7, 9])", "int(np.searchsorted(v{k}, {a}))", "v{k} -= {b}"),
    "largest": ("v{k} = np.zeros(9); v{k}[{a}] = 1", "int(np.argmax(v{k}))", "v{k}[{b}] = 2"),
    "nonzero": ("v{k} = np.zeros(9); v{k}[{a}] = 1", "int(np.nonzero(v{k})[0][0])", "v{k}[:] = 0; v{k}[{b}] = 2"),
    "unique": ("v{k} = np.arange(9) % {a}", "len(np.unique(v{k}))", "v{k}[:] = np.arange(9) % {b}"),
    "format": ("v{k} = np.array([{a}])", "float(f'{{v{k}[0]}}')", "v{k}[0] = {b}"),
    "rounded": ("v{k} = np.array([{a}.25])", "round(float(v{k}[0]))", "v{k}[0] = {b}"),
    "divmod": ("v{k} = np.array([{a}.25])", "divmod(v{k}[0], 1)[0]", "v{k}[0] = {b}"),
    "all equal": ("v{k} = np.array([{a}])", "(1 if np.array_equal(v{k}, [{a}]) else 2)", "v{k}[0] = {b}"),
    "close": ("v{k} = np.array([{a}.0])", "(1 if np.allclose(v{k}, {a}) else 2)", "v{k}[0] = {b}"),
    "comparison chain": ("v{k} = np.array([{a}.0])", "(1 if 0 < v{k}[0] < 4 else 2)", "v{k}[0] = {b}"),
    "unpacked": ("v{k} = np.array([{a}, 1])", "(lambda a, b: int(a))(*v{k})", "v{k}[0] = {b}"),
    "key by array": ("v{k} = np.array([{a}])", "{{{a}: 3, {b}: 5}}[int(v{k}[0])]", "v{k}[0] = {b}"),
    "key by element": ("v{k} = np.array([{a}])", "{{{a}: 3, {b}: 5}}[v{k}[0]]", "v{k}[0] = {b}"),
    "sorted by array": ("v{k} = np.array([{a}, 4.5])", "sorted([0, 1], key=lambda i: v{k}[i])[0]", "v{k}[0] = {b}"),
    "filled by array": ("v{k} = np.array([{a}.0])", "np.full(3, v{k}[0])", "v{k}[0] = {b}"),
    "made of elements": ("v{k} = np.array([{a}.0])", "np.array([v{k}[0], 1.0, v{k}[0]])", "v{k}[0] = {b}"),
    "written into": ("v{k} = np.array([{a}.0])", "(lambda z: (z.__setitem__(0, v{k}[0]), z)[1])(np.ones(3))", "v{k}[0] = {b}"),
    "array from a call": ("u{k} = np.array([{a}])\ndef h{k}(): return u{k}", "int(h{k}()[0])", "u{k}[0] = {b}"),
    "array in a closure": (
        "def h{k}(v):\n    return lambda: int(v[0])\nv{k} = np.array([{a}]); g{k} = h{k}(v{k})", "g{k}()", "v{k}[0] = {b}",
    ),
    "array in a dictionary": ("v{k} = {{'a': [np.array([{a}])]}}", "int(v{k}['a'][0][0])", "v{k}['a'][0][0] = {b}"),
    "array in a deque": ("v{k} = collections.deque([np.array([{a}])])", "int(v{k}[0][0])", "v{k}[0][0] = {b}"),
    "array in a partial": ("v{k} = np.array([{a}]); g{k} = functools.partial(int, v{k}[0:1].reshape(()))", "g{k}()", "v{k}[0] = {b}"),
    "array in a module": (
        "v{k} = types.ModuleType('m{k}'); v{k}.a = np.array([{a}])", "int(v{k}.a[0])", "v{k}.a[0] = {b}",
    ),
    "array in a context variable": (
        "u{k} = np.array([{a}]); v{k} = contextvars.ContextVar('v'); v{k}.set(u{k})", "int(v{k}.get()[0])", "u{k}[0] = {b}",
    ),
    "bound method of an array": ("v{k} = np.array([{a}.0]); g{k} = v{k}.item", "g{k}()", "v{k}[0] = {b}"),
    "flat": ("v{k} = np.array([{a}.0])", "v{k}.flat[0]", "v{k}[0] = {b}"),
    "queue": ("v{k} = queue.Queue(); v{k}.put({a})", "v{k}.queue[0]", "v{k}.queue[0] = {b}"),
    "heap": ("v{k} = [{a}, 9]", "heapq.nsmallest(1, v{k})[0]", "v{k}[0] = {b}"),
    "mapping of one's own": (
        "class C{k}(collections.abc.Mapping):\n    def __init__(self, d): self.d = d\n"
        "    def __getitem__(self, i): return self.d[i]\n    def __iter__(self): return iter(self.d)\n"
        "    def __len__(self): return len(self.d)\nv{k} = C{k}({{'a': {a}}})",
        "v{k}.get('a')", "v{k}.d['a'] = {b}",
    ),
    "weak dictionary": (
        "class C{k}: pass\nu{k} = C{k}(); v{k} = weakref.WeakKeyDictionary(); v{k}[u{k}] = {a}", "v{k}[u{k}]", "v{k}[u{k}] = {b}",
    ),
    "typed tuple": (
        "class C{k}(typing.NamedTuple):\n    a: list\nv{k} = C{k}([{a}])", "v{k}.a[0]", "v{k}.a[0] = {b}",
    ),
    "partial method": (
        "class C{k}:\n    def m(self, n): return n[0]\n    p = functools.partialmethod(m, [{a}])\nv{k} = C{k}()",
        "v{k}.p()", "C{k}.__dict__['p'].args[0][0] = {b}",
    ),
    "cached function": (
        "u{k} = {a}\n@functools.lru_cache\ndef g{k}(): return u{k}", "g{k}()", "u{k} = {b}; g{k}.cache_clear()",
    ),
    "context manager": (
        "v{k} = [{a}]\n@contextlib.contextmanager\ndef c{k}():\n    yield v{k}[0]\n"
        "def g{k}():\n    with c{k}() as n:\n        return n",
        "g{k}()", "v{k}[0] = {b}",
    ),
    "exception": ("v{k} = ValueError({a})", "v{k}.args[0]", "v{k}.args = ({b},)"),
    "raised": (
        "v{k} = {{}}\ndef g{k}():\n    try:\n        return v{k}['a']\n    except KeyError:\n        return {a}", "g{k}()", "v{k}['a'] = {b}",
    ),
    "attribute access of one's own": (
        "class C{k}:\n    def __getattribute__(self, name): return {a}\nv{k} = C{k}()", "v{k}.a",
        "C{k}.__getattribute__ = lambda s, n: {b}",
    ),
    "static attribute by super": (
        "class B{k}: a = {a}\nclass C{k}(B{k}):\n    def m(self): return super().a\nv{k} = C{k}()", "v{k}.m()", "B{k}.a = {b}",
    ),
    "set of objects": (
        "class C{k}: pass\nu{k} = C{k}(); u{k}.a = {a}; v{k} = {{u{k}}}", "next(iter(v{k})).a", "u{k}.a = {b}",
    ),
    "key object": (
        "class C{k}: pass\nu{k} = C{k}(); u{k}.a = {a}; v{k} = {{u{k}: 1}}", "list(v{k})[0].a", "u{k}.a = {b}",
    ),
    "cycle": ("v{k} = [{a}]; v{k}.append(v{k})", "v{k}[1][1][0]", "v{k}[0] = {b}"),
    "deep": ("v{k} = [[[[[[[[{a}]]]]]]]]", "v{k}[0][0][0][0][0][0][0][0]", "v{k}[0][0][0][0][0][0][0][0] = {b}"),
    "arguments of the command": ("sys.argv[1:] = ['{a}']", "float(sys.argv[1])", "sys.argv[1:] = ['{b}']"),
    "constant of a library": ("os.sep{k} = {a}", "os.sep{k}", "os.sep{k} = {b}"),
    "reloaded function": (
        "v{k} = types.ModuleType('stale_m{k}'); exec('def a(): return {a}', vars(v{k}))", "v{k}.a()",
        "exec('def a(): return {b}', vars(v{k}))",
    ),
    "layer's mode": (
        "v{k} = nn.BatchNorm1d(1, track_running_stats=True).eval(); v{k}.running_var[:] = {a}", "np.sum(v{k}(np.ones((1, 1), np.float32)).data)",
        "v{k}.running_mean[:] = {b}",
    ),
    "layer's attribute": ("v{k} = nn.LeakyReLU(0.{a})", "-float(v{k}(np.array([-10.0])).data[0])", "v{k}.negative_slope = 0.{b}"),
    "layer replaced": ("v{k} = nn.Sequential(nn.LeakyReLU(0.{a}))", "-float(v{k}(np.array([-10.0])).data[0])", "v{k}[0] = nn.LeakyReLU(0.{b})"),
    "layer's weight": ("v{k} = nn.Linear(1, 1); v{k}.weight.data[:] = {a}", "np.sum(v{k}(np.ones((1, 1), np.float32)).data)", "v{k}.weight.data[:] = {b}"),
    "module of one's own": (
        "class C{k}(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = {a}; self.t = np.array([{a}])\n"
        "    def forward(self, x): return x * self.a * int(self.t[0])\nv{k} = C{k}()",
        "float(v{k}(np.ones(1))[0])", "v{k}.t[0] = {b}",
    ),
}  # fmt: skip

# What cannot be compared: refused.
REFUSED: dict[str, tuple[str, str, str]] = {
    "iterator": ("v{k} = iter([{a}] * 9)", "next(v{k})", ""),
    "count": ("v{k} = itertools.count({a})", "next(v{k})", ""),
    "generator": ("v{k} = (n for n in [{a}] * 9)", "next(v{k})", ""),
    "clock": ("", "(time.time() % 1 + {a})", ""),
    "date of today": ("", "({a} + datetime.datetime.now().microsecond * 0)", ""),
    "random": ("", "random.randint(1, {a})", ""),
    "random of NumPy": ("", "(np.random.default_rng().random() < 0.5) * {a}", ""),
    "random of the system": ("", "os.urandom(1)[0] // 255 + {a}", ""),
    "random of one's own": ("v{k} = random.Random({a})", "(v{k}.random() < 0.5)", ""),
    "unseeded": ("", "(random.Random().random() < 0.5)", ""),
    "file": ("", "(len(open(os.devnull).read()) + {a})", ""),
    "working directory": ("", "len(os.getcwd())", ""),
}  # fmt: skip
