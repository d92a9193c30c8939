"""What can hold a number that a function reads: names, objects, classes, containers, modules."""

# ruff: noqa: E501 - each program on a line of its own

# name: (what is set up, the expression that reads the number, what changes it from {a} to {b})
HOLDERS: dict[str, tuple[str, str, str]] = {
    "global": ("v{k} = {a}", "v{k}", "v{k} = {b}"),
    "numpy scalar": ("v{k} = np.float64({a})", "v{k}", "v{k} = np.float64({b})"),
    "text": ("v{k} = '{a}'", "float(v{k})", "v{k} = '{b}'"),
    "decimal": ("v{k} = decimal.Decimal({a})", "float(v{k})", "v{k} = decimal.Decimal({b})"),
    "fraction": ("v{k} = fractions.Fraction({a})", "float(v{k})", "v{k} = fractions.Fraction({b})"),
    "date": ("v{k} = datetime.date(2000, 1, {a})", "v{k}.day", "v{k} = datetime.date(2000, 1, {b})"),
    "bytes": ("v{k} = bytes([{a}])", "v{k}[0]", "v{k} = bytes([{b}])"),
    "range": ("v{k} = range({a})", "len(v{k})", "v{k} = range({b})"),
    "slice": ("v{k} = slice({a})", "v{k}.stop", "v{k} = slice({b})"),
    "list": ("v{k} = [{a}, 7]", "v{k}[0]", "v{k}[0] = {b}"),
    "length": ("v{k} = [0] * {a}", "len(v{k})", "v{k}[:] = [0] * {b}"),
    "nested": ("v{k} = {{'p': [({a},)]}}", "v{k}['p'][0][0]", "v{k}['p'][0] = ({b},)"),
    "dict": ("v{k} = {{'a': {a}}}", "v{k}['a']", "v{k}['a'] = {b}"),
    "key": ("v{k} = {{{a}: 0}}", "max(v{k})", "v{k}.clear(); v{k}[{b}] = 0"),
    "order": ("v{k} = {{{a}: 0, {b}: 0}}", "next(iter(v{k}))", "v{k}[{a}] = v{k}.pop({a})"),
    "missing key": ("v{k} = {{}}", "v{k}.get('a', {a})", "v{k}['a'] = {b}"),
    "default dict": (
        "v{k} = collections.defaultdict(int, a={a})", "v{k}['a']", "v{k}['a'] = {b}",
    ),
    "factory": (
        "v{k} = collections.defaultdict(lambda: {a})", "v{k}.default_factory()",
        "v{k}.default_factory = lambda: {b}",
    ),
    "ordered dict": ("v{k} = collections.OrderedDict(a={a})", "v{k}['a']", "v{k}['a'] = {b}"),
    "counter": ("v{k} = collections.Counter(a={a})", "v{k}['a']", "v{k}['a'] = {b}"),
    "chain map": ("v{k} = collections.ChainMap({{}}, {{'a': {a}}})", "v{k}['a']", "v{k}['a'] = {b}"),
    "user dict": ("v{k} = collections.UserDict(a={a})", "v{k}['a']", "v{k}['a'] = {b}"),
    "set": ("v{k} = {{{a}}}", "sum(v{k})", "v{k}.clear(); v{k}.add({b})"),
    "frozen set": ("v{k} = frozenset([{a}])", "sum(v{k})", "v{k} = frozenset([{b}])"),
    "deque": ("v{k} = collections.deque([{a}])", "v{k}[0]", "v{k}[0] = {b}"),
    "bytearray": ("v{k} = bytearray([{a}])", "v{k}[0]", "v{k}[0] = {b}"),
    "machine array": ("v{k} = array.array('i', [{a}])", "v{k}[0]", "v{k}[0] = {b}"),
    "memoryview": ("v{k} = memoryview(bytearray([{a}]))", "v{k}[0]", "v{k}[0] = {b}"),
    "named tuple": (
        "P{k} = collections.namedtuple('P', 'a'); v{k} = P{k}({a})", "v{k}.a", "v{k} = P{k}({b})",
    ),
    "proxy of dict": (
        "u{k} = {{'a': {a}}}; v{k} = types.MappingProxyType(u{k})", "v{k}['a']", "u{k}['a'] = {b}",
    ),
    "namespace": ("v{k} = types.SimpleNamespace(a={a})", "v{k}.a", "v{k}.a = {b}"),
    "own attribute": (
        "class C{k}: pass\nv{k} = C{k}(); v{k}.a = {a}", "v{k}.a", "v{k}.a = {b}",
    ),
    "replaced dict": (
        "class C{k}: pass\nv{k} = C{k}(); v{k}.a = {a}", "v{k}.a", "v{k}.__dict__ = {{'a': {b}}}",
    ),
    "class attribute": (
        "class C{k}: a = {a}\nv{k} = C{k}()", "v{k}.a", "C{k}.a = {b}",
    ),
    "base attribute": (
        "class B{k}: a = {a}\nclass C{k}(B{k}): pass\nv{k} = C{k}()", "v{k}.a", "B{k}.a = {b}",
    ),
    "attribute by class": ("class C{k}: a = {a}", "C{k}.a", "C{k}.a = {b}"),
    "attribute of metaclass": (
        "class M{k}(type): a = {a}\nclass C{k}(metaclass=M{k}): pass", "C{k}.a", "M{k}.a = {b}",
    ),
    "slot": (
        "class C{k}:\n    __slots__ = ('a',)\nv{k} = C{k}(); v{k}.a = {a}", "v{k}.a", "v{k}.a = {b}",
    ),
    "private slot": (
        "class C{k}:\n    __slots__ = ('__a',)\n    def set(self, a): self.__a = a\n"
        "    def get(self): return self.__a\nv{k} = C{k}(); v{k}.set({a})",
        "v{k}.get()", "v{k}.set({b})",
    ),
    "slot of base": (
        "class B{k}:\n    __slots__ = 'a'\nclass C{k}(B{k}): pass\nv{k} = C{k}(); v{k}.a = {a}",
        "v{k}.a", "v{k}.a = {b}",
    ),
    "unset slot": (
        "class C{k}:\n    __slots__ = ('a',)\nv{k} = C{k}()", "getattr(v{k}, 'a', {a})", "v{k}.a = {b}",
    ),
    "data class": (
        "@dataclasses.dataclass\nclass C{k}:\n    a: int\nv{k} = C{k}({a})", "v{k}.a", "v{k}.a = {b}",
    ),
    "frozen data class": (
        "@dataclasses.dataclass(frozen=True)\nclass C{k}:\n    a: int\nv{k} = C{k}({a})", "v{k}.a",
        "v{k} = C{k}({b})",
    ),
    "enumeration": (
        "class C{k}(enum.Enum):\n    A = {a}\n    B = {b}\nv{k} = C{k}.A", "v{k}.value", "v{k} = C{k}.B",
    ),
    "whole-number enumeration": (
        "class C{k}(enum.IntEnum):\n    A = {a}\n    B = {b}\nv{k} = C{k}.A", "v{k} + 0",
        "v{k} = C{k}.B",
    ),
    "number class": (
        "class C{k}(float): pass\nv{k} = C{k}(1); v{k}.a = {a}", "v{k}.a * v{k}", "v{k}.a = {b}",
    ),
    "list class": (
        "class C{k}(list): pass\nv{k} = C{k}([1]); v{k}.a = {a}", "v{k}.a + v{k}[0]", "v{k}.a = {b}",
    ),
    "property": (
        "u{k} = [{a}]\nclass C{k}:\n    @property\n    def a(self): return u{k}[0]\nv{k} = C{k}()",
        "v{k}.a", "u{k}[0] = {b}",
    ),
    "property replaced": (
        "class C{k}:\n    @property\n    def a(self): return {a}\nv{k} = C{k}()", "v{k}.a",
        "C{k}.a = property(lambda self: {b})",
    ),
    "cached property": (
        "u{k} = {a}\nclass C{k}:\n    @functools.cached_property\n    def a(self): return u{k}\n"
        "v{k} = C{k}()",
        "v{k}.a", "u{k} = {b}; v{k}.__dict__.pop('a', None)",
    ),
    "descriptor": (
        "class D{k}:\n    n = {a}\n    def __get__(self, one, kind): return self.n\n"
        "class C{k}: a = D{k}()\nv{k} = C{k}()",
        "v{k}.a", "D{k}.n = {b}",
    ),
    "method replaced": (
        "class C{k}:\n    def a(self): return {a}\nv{k} = C{k}()", "v{k}.a()", "C{k}.a = lambda s: {b}",
    ),
    "method of one": (
        "class C{k}:\n    def a(self): return {a}\nv{k} = C{k}()", "v{k}.a()", "v{k}.a = lambda: {b}",
    ),
    "static method": (
        "class C{k}:\n    @staticmethod\n    def a(): return {a}", "C{k}.a()",
        "C{k}.a = staticmethod(lambda: {b})",
    ),
    "class method": (
        "class C{k}:\n    n = {a}\n    @classmethod\n    def a(cls): return cls.n", "C{k}.a()",
        "C{k}.n = {b}",
    ),
    "missing attribute": (
        "class C{k}: pass\nv{k} = C{k}()", "({b} if hasattr(v{k}, 'a') else {a})", "v{k}.a = 1",
    ),
    "attribute of last resort": (
        "class C{k}:\n    def __getattr__(self, name): return {a}\nv{k} = C{k}()", "v{k}.a",
        "v{k}.a = {b}",
    ),
    "attribute gone": (
        "class C{k}: a = {b}\nv{k} = C{k}(); v{k}.a = {a}", "v{k}.a", "del v{k}.a",
    ),
    "class of one": (
        "class B{k}: a = {a}\nclass C{k}: a = {b}\nv{k} = B{k}()", "v{k}.a", "v{k}.__class__ = C{k}",
    ),
    "bases": (
        "class A{k}: a = {a}\nclass B{k}: a = {b}\nclass C{k}(A{k}): pass\nv{k} = C{k}()", "v{k}.a",
        "C{k}.__bases__ = (B{k},)",
    ),
    "call": (
        "class C{k}:\n    def __call__(self): return self.a\nv{k} = C{k}(); v{k}.a = {a}", "v{k}()",
        "v{k}.a = {b}",
    ),
    "index of one's own": (
        "class C{k}:\n    def __getitem__(self, i): return self.a + i\nv{k} = C{k}(); v{k}.a = {a}",
        "v{k}[1]", "v{k}.a = {b}",
    ),
    "module": (
        "v{k} = types.ModuleType('m{k}'); v{k}.a = {a}", "v{k}.a", "v{k}.a = {b}",
    ),
    "module inside": (
        "u{k} = types.ModuleType('u{k}'); v{k} = types.ModuleType('m{k}'); u{k}.v = v{k}; v{k}.a = {a}",
        "u{k}.v.a", "v{k}.a = {b}",
    ),
    "module attribute added": (
        "v{k} = types.ModuleType('m{k}')", "getattr(v{k}, 'a', {a})", "v{k}.a = {b}",
    ),
    "module by computed name": (
        "v{k} = types.ModuleType('m{k}'); v{k}.a1 = {a}", "getattr(v{k}, 'a' + str(1))", "v{k}.a1 = {b}",
    ),
    "imported module": (
        "v{k} = types.ModuleType('stale_m{k}'); v{k}.a = {a}; sys.modules['stale_m{k}'] = v{k}\n"
        "def g{k}():\n    from stale_m{k} import a\n    return a",
        "g{k}()", "v{k}.a = {b}",
    ),
    "module by name": (
        "v{k} = types.ModuleType('stale_m{k}'); v{k}.a = {a}; sys.modules['stale_m{k}'] = v{k}",
        "sys.modules['stale_m{k}'].a", "v{k}.a = {b}",
    ),
    "globals by name": ("v{k} = {a}", "globals()['v' + '{k}']", "v{k} = {b}"),
    "evaluated": ("v{k} = {a}", "eval('v{k} * 1')", "v{k} = {b}"),
    "name that is missing": (
        "def g{k}():\n    try:\n        return w{k}\n    except NameError:\n        return {a}", "g{k}()",
        "w{k} = {b}",
    ),
    "built-in shadowed": (
        "def g{k}(): return abs({a})", "g{k}()", "abs = lambda v: {b}",
    ),
    "called function's global": ("v{k} = {a}\ndef g{k}(): return v{k}", "g{k}()", "v{k} = {b}"),
    "function replaced": ("def g{k}(): return {a}", "g{k}()", "def g{k}(): return {b}"),
    "code replaced": (
        "def g{k}(): return {a}", "g{k}()", "g{k}.__code__ = (lambda: {b}).__code__",
    ),
    "default": ("def g{k}(a={a}): return a", "g{k}()", "g{k}.__defaults__ = ({b},)"),
    "default in a list": ("def g{k}(a=[{a}]): return a[0]", "g{k}()", "g{k}.__defaults__[0][0] = {b}"),
    "keyword default": ("def g{k}(*, a={a}): return a", "g{k}()", "g{k}.__kwdefaults__['a'] = {b}"),
    "function attribute": ("def g{k}(): return g{k}.a\ng{k}.a = {a}", "g{k}()", "g{k}.a = {b}"),
    "closure": (
        "def h{k}(a):\n    def g(): return a\n    def s(b):\n        nonlocal a\n        a = b\n"
        "    return g, s\ng{k}, s{k} = h{k}({a})",
        "g{k}()", "s{k}({b})",
    ),
    "partial": (
        "g{k} = functools.partial(lambda v, a: v[0] + a, [{a}], a=1)", "g{k}()", "g{k}.args[0][0] = {b}",
    ),
    "partial keywords": (
        "g{k} = functools.partial(lambda a: a, a={a})", "g{k}()", "g{k}.keywords['a'] = {b}",
    ),
    "wrapped": (
        "v{k} = {a}\ndef d{k}(f):\n    @functools.wraps(f)\n    def w(): return f() + v{k}\n    return w\n"
        "@d{k}\ndef g{k}(): return 1",
        "g{k}()", "v{k} = {b}",
    ),
    "bound method kept": (
        "class C{k}:\n    def get(self): return self.a\nv{k} = C{k}(); v{k}.a = {a}; g{k} = v{k}.get",
        "g{k}()", "v{k}.a = {b}",
    ),
    "bound method of C": ("v{k} = {{'a': {a}}}; g{k} = v{k}.get", "g{k}('a')", "v{k}['a'] = {b}"),
    "dispatched": (
        "v{k} = {a}\n@functools.singledispatch\ndef g{k}(a): return 0\n"
        "@g{k}.register\ndef _(a: int): return v{k}",
        "g{k}(1)", "v{k} = {b}",
    ),
    "attribute getter": (
        "v{k} = types.SimpleNamespace(a={a})", "operator.attrgetter('a')(v{k})", "v{k}.a = {b}",
    ),
    "weak reference": (
        "class C{k}: pass\nu{k} = C{k}(); u{k}.a = {a}; v{k} = weakref.ref(u{k})", "v{k}().a",
        "u{k}.a = {b}",
    ),
    "weak proxy": (
        "class C{k}: pass\nu{k} = C{k}(); u{k}.a = {a}; v{k} = weakref.proxy(u{k})", "v{k}.a",
        "u{k}.a = {b}",
    ),
    "context variable": (
        "v{k} = contextvars.ContextVar('v{k}', default={a})", "v{k}.get()", "v{k}.set({b})",
    ),
    "list in a context variable": (
        "v{k} = contextvars.ContextVar('v{k}', default=[{a}])", "v{k}.get()[0]", "v{k}.get()[0] = {b}",
    ),
    "thread's own": ("v{k} = threading.local(); v{k}.a = {a}", "v{k}.a", "v{k}.a = {b}"),
    "environment": (
        "os.environ['STALE_{k}'] = '{a}'", "float(os.environ['STALE_{k}'])",
        "os.environ['STALE_{k}'] = '{b}'",
    ),
    "environment by function": (
        "os.environ.pop('STALE_{k}', 0)", "float(os.getenv('STALE_{k}', '{a}'))",
        "os.environ['STALE_{k}'] = '{b}'",
    ),
    "own module's list": ("sys.stale{k} = [{a}]", "sys.stale{k}[0]", "sys.stale{k}[0] = {b}"),
}  # fmt: skip
