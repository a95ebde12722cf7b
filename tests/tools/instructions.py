"""What the kernels' inner loops cost: instructions a weight, spills, cycles. A command, not a test; it runs no kernel.

    python tests/tools/instructions.py                          prints the tables of app/tern/engine/kernels/README.md
    python tests/tools/instructions.py --only avx2 --show tile  prints the loops themselves

Each C file that has flags of its own in the kernels' CMakeLists.txt is compiled with all flags that CMake gives it, by
GCC and by Clang, for x86-64 and for Arm, and disassembled. Of each function in HOT the inner loop that multiplies most
is taken, and what one turn of it covers follows from its multiply instructions. So nothing here knows where a loop
stands in the source or how often a compiler has unrolled it. What is not installed is named, and left out.

- Instructions: all of the loop, also those that a branch within it may skip (prefetches). What is done once for many
  turns, as widening int16 sums, lies outside and is not counted. A loop that a compiler unrolled altogether has
  vanished: then the one around it is taken, with all that it does besides.
- Spills: loads and stores at the stack pointer, because registers did not suffice or the compiler keeps an array there.
  Should be none. (An array that it reaches through another register goes unnoticed: look with --show.)
- Cycles: by llvm-mca, with everything in the first-level cache and no branch mispredicted. It has tables of few
  processors and takes others for a relative (below the tables it says for which): good for comparing two loops of one
  column, no promise.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

KERNELS = Path(__file__).resolve().parents[2] / "app" / "tern" / "engine" / "kernels"

# ---- what changes as the kernels do ----


@dataclass(frozen=True)
class Hot:
    """A loop worth a row in the table."""

    name: str
    table: str  # files that define a symbol which begins so have it
    root: str  # the function, with all that it calls: this name, or else names that begin so
    inside: str = ""  # only what is from this function of the source
    one_type: bool = False  # of the copies for each type of cache the one for F16
    arrays: bool = False  # has arrays of its own on the stack: only fixed places there are spills
    optional: bool = False


HOT = (
    Hot("rows", "tern_kernel_", "rows"),
    Hot("packed_rows", "tern_kernel_", "packed_rows", optional=True),
    Hot("columns", "tern_kernel_", "columns"),
    Hot("tile", "tern_kernel_", "tile"),
    Hot("coarse head", "tern_float_", "coarse_rows", inside="coarse_row_of_bytes"),
    Hot("attention, keys", "tern_float_", "attend_one", inside="score_tile", one_type=True, arrays=True),
    Hot("attention, values", "tern_float_", "attend_one", inside="value_tile", one_type=True, arrays=True),
)
FROM_F16, FROM_INT8 = "vcvtph2ps|fcvtl2?", r"vpmovsx\w+|sxtl2?|sshll2?"

# What a multiplication covers, for each byte of its register.
MULTIPLIES = (
    ("vpdpbusds?|vpmaddubsw", 1.0),
    ("vpdpwssds?", 1 / 2),
    (r"vfn?m(add|sub)\d+ps", 1 / 4),
    ("[su]dot|usdot|sudot", 1.0),
    ("u?smmla|ummla", 2.0),
    ("[su]ml(al|sl)2?|[su]mull2?", 1 / 2),
    ("fml[as]", 1 / 4),
)
WIDENS = "vpmaddwd"  # beside another multiplication it only widens its sums; alone it counts as vpdpwssd
# In a tile, sums may be looked up in a table of 16 instead. A look-up counts as much as the multiplication that adds up
# what was found: 64 for both, in 256 bits.
LOOKS_UP, ADDS_UP = "vpshufb", "vpmaddubsw"


def weights_of(hot: Hot, body: Sequence[Instruction]) -> int:
    """What one turn of a loop covers."""
    total = sum(each.bytes * share for each in body for name, share in MULTIPLIES if each.named(name))
    if not total:
        total = sum(each.bytes / 2 for each in body if each.named(WIDENS))
    elif hot.name == "tile":
        found = [each.bytes for each in body if each.named(LOOKS_UP)]
        total += sum(found[: sum(each.named(ADDS_UP) for each in body)])
    elif hot.name == "packed_rows" and any(each.named(LOOKS_UP) for each in body):
        # Two of these multiplications decode five codes, which then are multiplied with five others.
        adds, products = (sum(each.named(name) for each in body) for name in (ADDS_UP, "vpdpbusds?"))
        total *= products / (adds + products) if products else 5 / 7
    return round(total)


# The processors for the first of these words that is in a file's flags; of each group the first that llvm-mca knows.
PROCESSORS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("avx512", (("icelake-server",), ("sapphirerapids",), ("znver5", "znver4"))),
    ("avxvnni", (("alderlake",), ("znver5",))),
    ("avx2", (("haswell",), ("alderlake",), ("znver3", "znver2"))),
    ("i8mm", (("apple-m2", "apple-m1", "apple-a14", "apple-a13"), ("neoverse-v1",))),
    ("dotprod", (("apple-m1", "apple-a14", "apple-a13"), ("cortex-a76",), ("neoverse-n1",))),
)


@dataclass(frozen=True)
class Architecture:
    name: str
    processor: str  # CMake's name
    triple: str
    machines: tuple[str, ...]  # Python's names
    attributes: str  # what llvm-mca must allow, whatever the processor
    comment: str  # where the disassembler's begins
    stack: str
    frame: str  # the frame pointer ...
    framed: str  # ... which is one after this instruction
    place: str  # on the stack, at a fixed distance from the register
    indexed: str  # the same with an index

    @property
    def native(self) -> bool:
        return sys.platform == "linux" and platform.machine() in self.machines


X86 = Architecture(
    name="x86-64",
    processor="x86_64",
    triple="x86_64-linux-gnu",
    machines=("x86_64",),
    attributes="",
    comment=" #",
    stack="%rsp",
    frame="%rbp",
    framed=r"mov %rsp,%rbp|lea \S*\(%rsp\),%rbp",
    place=r"\((?:{})\)",
    indexed=r"\((?:{}),",
)
ARM = Architecture(
    name="Arm",
    processor="aarch64",
    triple="aarch64-linux-gnu",
    machines=("aarch64", "arm64"),
    attributes="+dotprod,+i8mm,+fullfp16",
    comment="//",
    stack="sp",
    frame="x29",
    framed="mov x29, sp|add x29, sp, .*",
    place=r"\[(?:{})(?:, #-?\w+)?\]",
    indexed=r"\[(?:{}), [xw]",
)

# ---- the tools ----

left_out: list[str] = []


def leave_out(what: str) -> None:
    if what not in left_out:
        left_out.append(what)


def find(*names: str) -> str | None:
    """The first of these programs that is installed, also beside this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def of_llvm(name: str) -> list[str]:
    """The names under which a tool of LLVM may be installed, the newest first."""
    return [*(f"{name}-{version}" for version in range(25, 13, -1)), name]


def run(command: Sequence[str | Path], text: str = "", folder: Path | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(map(str, command))}\n{done.stderr.strip()[:800]}")
    return done.stdout


def version(program: str) -> str:
    found = re.search(r"\d+\.\d+[.\d]*", run([program, "--version"]))
    return found[0] if found else "?"


def compilers(architecture: Architecture) -> Iterator[tuple[str, str, list[str]]]:
    """The name of each, its program, and CMake's options that choose it."""
    options = ["-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    if not architecture.native:
        options += ["-DCMAKE_SYSTEM_NAME=Linux", f"-DCMAKE_SYSTEM_PROCESSOR={architecture.processor}"]
    if gcc := find(f"{architecture.triple}-gcc", *(["gcc"] if architecture.native else [])):
        yield "gcc", gcc, [*options, f"-DCMAKE_C_COMPILER={gcc}"]
    else:
        leave_out(f"GCC for {architecture.name} (Debian: gcc-{architecture.triple.replace('_', '-')})")
    if clang := find(*of_llvm("clang")):
        target = f"-DCMAKE_C_COMPILER_TARGET={architecture.triple}"
        yield "clang", clang, [*options, f"-DCMAKE_C_COMPILER={clang}", target]
    else:
        leave_out("Clang (Debian: clang)")


def disassembler(architecture: Architecture) -> str | None:
    """GNU's, because LLVM's does not say what was inlined from where."""
    tool = find(f"{architecture.triple}-objdump", *(["objdump"] if architecture.native else []))
    if not tool:
        leave_out(
            f"objdump for {architecture.name} (Debian: binutils-{architecture.triple.replace('_', '-')})"
        )
    return tool


@dataclass(frozen=True)
class Work:
    """What was asked for, and where to build it."""

    kernels: Path
    only: str
    folder: Path


@dataclass(frozen=True)
class Compiled:
    """A C file and what became of it."""

    instruction_set: str
    flags: str
    result: Path


def compiled(work: Work, options: Sequence[str], name: str, define: str = "") -> Iterator[Compiled]:
    """Every file that has flags of its own."""
    folder = work.folder / name
    cmake, ninja = find("cmake"), find("ninja")
    if not cmake:
        leave_out("CMake")
        return
    generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"] if ninja else ["-G", "Unix Makefiles"]
    # Line tables change no instruction and say which function each is from. (Version 5: objdump misreads Clang's.)
    options = [*generator, *options, f"-DCMAKE_C_FLAGS=-g1 -gdwarf-4 {define}"]
    try:
        run([cmake, "-S", work.kernels, "-B", folder, *options])
    except RuntimeError as error:
        leave_out(f"{name}, for which CMake finds no way: {error}")
        return
    for entry in json.loads((folder / "compile_commands.json").read_text(encoding="utf-8")):
        command = shlex.split(entry["command"])
        flags = " ".join(each for each in command if each.startswith("-m"))
        instruction_set = re.sub(r"^(float_)?(x86_|arm_)?", "", Path(entry["file"]).stem)
        if flags and work.only in instruction_set:
            place = Path(entry["directory"])
            result = place / command[command.index("-o") + 1]
            result.parent.mkdir(parents=True, exist_ok=True)
            try:
                run(command, folder=place)
            except RuntimeError as error:
                leave_out(f"{Path(entry['file']).name}, which does not compile: {error}")
            else:
                yield Compiled(instruction_set, flags, result)


# ---- disassembly ----


@dataclass(frozen=True)
class Instruction:
    address: int
    encoding: str  # {vex}: without it an assembler would choose another
    mnemonic: str
    operands: str
    sources: dict[
        str, int
    ]  # the functions of the source that it is from, and where they call the next (0: nowhere)
    target: int | None = None  # of a jump within its function
    leads_to: str = ""  # the function that it calls or jumps to

    def named(self, pattern: str) -> bool:
        return re.fullmatch(pattern, self.mnemonic) is not None

    @property
    def bytes(self) -> int:
        """Of its vector register: the last operand on x86, which is the result, the first on Arm."""
        if found := re.search(r"%([xyz])mm\d+(\{[^}]*\})*$", self.operands):
            return {"x": 16, "y": 32, "z": 64}[found[1]]
        return 16 if re.match(r"v\d+\.(16b|8h|4s|2d)", self.operands) else 8

    @property
    def jumps(self) -> bool:
        return self.named(r"j\w+|b|b\.\w\w|br|cbn?z|tbn?z")

    @property
    def calls(self) -> bool:
        return self.named(r"callq?|blr?")

    @property
    def ends(self) -> bool:
        """Whether what follows it in memory does not follow it in time."""
        return self.named("jmp|b|br|ret|ud2|udf|brk")

    @property
    def touches_memory(self) -> bool:
        computes = self.prefetches or self.named("lea.?|nop.?")
        return not computes and re.search(r"[(\[]", self.operands) is not None

    @property
    def prefetches(self) -> bool:
        return self.named("prefetch.*|prfu?m")

    @property
    def loads_pair(self) -> bool:
        return self.named("ldn?p") and self.operands.startswith("q")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.encoding, self.mnemonic, self.operands)))


@dataclass
class Function:
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def plain_name(self) -> str:
        return self.name.partition(".")[0]  # GCC adds .constprop.0, .part.0


_FUNCTION = re.compile(r"[0-9a-f]+ <(.+)>:$")
_INNERMOST = re.compile(r"(\S+)\(\):$")
_INLINED = re.compile(r"inlined by .*:(\d+) \(([^)]+)\)$")
_INSTRUCTION = re.compile(
    r" *([0-9a-f]+):\t((?:(?:\{\w+\}|notrack|bnd|rep\w*|lock|cs|ds|data16) +)*)(\S+)\s*(.*)$"
)
_RELOCATION = re.compile(r"\s+[0-9a-f]+: R_\S+\s+([^\s+-]+)")
_PLACE = re.compile(r"\b([0-9a-f]+) <([^+>]+)(?:\+0x[0-9a-f]+)?>$")


def disassembled(tool: str, architecture: Architecture, file: Path) -> dict[str, Function]:
    functions: dict[str, Function] = {}
    here, innermost, inlined = Function(""), "", dict[str, int]()
    for line in run([tool, "-dlr", "--inlines", "--no-show-raw-insn", file]).splitlines():
        if found := _FUNCTION.match(line):
            here = functions[found[1]] = Function(found[1])
        elif found := _INNERMOST.match(line):
            innermost = found[1]
        elif found := _INLINED.match(line):
            inlined[found[2].partition(".")[0]] = int(found[1])
        elif found := _INSTRUCTION.match(line):
            operands = found[4].split(architecture.comment)[0].strip()
            place = _PLACE.search(operands)
            inside = place is not None and place[2] == here.name
            here.instructions.append(
                Instruction(
                    address=int(found[1], 16),
                    encoding=" ".join(each for each in found[2].split() if each.startswith("{")),
                    mnemonic=found[3],
                    operands=operands,
                    sources={here.plain_name: 0, innermost: 0, **inlined},
                    target=int(place[1], 16) if place and inside else None,
                )
            )
            if place and not inside and (here.instructions[-1].jumps or here.instructions[-1].calls):
                here.instructions[-1] = replace(here.instructions[-1], leads_to=place[2])
            inlined.clear()
        elif (found := _RELOCATION.match(line)) and here.instructions:
            last = here.instructions[-1]
            if last.jumps or last.calls:
                here.instructions[-1] = replace(last, target=None, leads_to=found[1])
    return functions


def reached(functions: dict[str, Function], root: str) -> list[Function]:
    """The function of that name, or those whose names begin so, and all of this file that they call."""
    found = [each for each in functions.values() if each.plain_name == root]
    found = found or [each for each in functions.values() if each.name.startswith(root)]
    for function in found:  # which grows meanwhile
        for instruction in function.instructions:
            called = functions.get(instruction.leads_to)
            if called and called not in found:
                found.append(called)
    return found


def loops(function: Function) -> list[list[Instruction]]:
    """The body of each, in the order of memory: what can be reached from its head and leads back to it."""
    code = function.instructions
    index = {instruction.address: i for i, instruction in enumerate(code)}
    after: list[list[int]] = []
    before: list[list[int]] = [[] for _ in code]
    for i, instruction in enumerate(code):
        to = [index[instruction.target]] if instruction.jumps and instruction.target in index else []
        after.append(to + ([i + 1] if i + 1 < len(code) and not instruction.ends else []))
        for j in after[i]:
            before[j].append(i)
    tails: dict[int, list[int]] = {}
    for tail, head in ways_back(after):
        tails.setdefault(head, []).append(tail)
    bodies = (spread(ends, before, {head}) & spread([head], after, set()) for head, ends in tails.items())
    return [[code[i] for i in sorted(body)] for body in bodies]


def ways_back(after: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """On a walk through all code, each step to an instruction on the path to here."""
    seen: set[int] = set()
    for start in range(len(after)):  # first the entry; others are reached by jumps through a table
        if start in seen:
            continue
        seen.add(start)
        path, on_path = [(start, iter(after[start]))], {start}
        while path:
            at, ways = path[-1]
            to = next(ways, None)
            if to is None:
                path.pop()
                on_path.remove(at)
            elif to in on_path:
                yield at, to
            elif to not in seen:
                seen.add(to)
                on_path.add(to)
                path.append((to, iter(after[to])))


def spread(starts: Iterable[int], ways: Sequence[Sequence[int]], ends: set[int]) -> set[int]:
    """All that the ways lead to, up to `ends`."""
    found, new = set(ends), list(starts)
    while new:
        at = new.pop()
        if at not in found:
            found.add(at)
            new.extend(ways[at])
    return found


# ---- figures ----


@dataclass(frozen=True)
class Figures:
    """Of one loop by one compiler."""

    body: tuple[Instruction, ...] = ()
    weights: int = 0
    spills: int = 0
    problem: str = ""

    @property
    def prefetches(self) -> int:
        return sum(each.prefetches for each in self.body)

    @property
    def load_pairs(self) -> int:
        return sum(each.loads_pair for each in self.body)

    def cells(self) -> list[str]:
        if not self.body:
            return ["–"] * 6
        counts = (len(self.body), self.weights, self.spills, self.load_pairs, self.prefetches)
        first, second, *others = map(str, counts)
        return [first, second, f"{len(self.body) / self.weights:.3f}".lstrip("0"), *others]


class Loop(NamedTuple):
    body: list[Instruction]
    spills: int


def multiplying_loops(hot: Hot, function: Function) -> Iterator[list[Instruction]]:
    """The innermost ones that are what `hot` says."""
    found = [body for body in loops(function) if weights_of(hot, body)]
    for body in found:
        places = {each.address for each in body}
        if any(places > {each.address for each in other} for other in found):
            continue
        multiply = [each for each in body if weights_of(hot, [each])]
        if hot.inside and not all(hot.inside in each.sources for each in multiply):
            continue
        if hot.one_type and not any(each.named(FROM_F16) for each in body):
            continue
        if hot.one_type and any(each.named(FROM_INT8) for each in body):
            continue
        yield body


def on_stack(hot: Hot, architecture: Architecture, function: Function, body: Sequence[Instruction]) -> int:
    framed = any(re.fullmatch(architecture.framed, str(each)) for each in function.instructions)
    register = architecture.stack + (f"|{architecture.frame}" if framed else "")
    pattern = architecture.place if hot.arrays else f"{architecture.place}|{architecture.indexed}"
    pattern = pattern.replace("{}", register)
    return sum(each.touches_memory and re.search(pattern, each.operands) is not None for each in body)


def measure(hot: Hot, architecture: Architecture, functions: dict[str, Function]) -> Figures:
    searched = reached(functions, hot.root)
    if not searched:
        return Figures(problem=f"there is no function {hot.root}")
    found: list[Loop] = []
    for function in searched:
        for body in multiplying_loops(hot, function):
            found.append(Loop(body, on_stack(hot, architecture, function, body)))
    if not found:
        inside = f" from {hot.inside}" if hot.inside else ""
        names = ", ".join(each.name for each in searched)
        return Figures(problem=f"no loop that multiplies{inside} in {names}")
    if hot.name == "tile":
        found = largest_tiles(hot, found)

    # Of copies of one loop that which prefetches: it is what runs.
    def rank(loop: Loop) -> tuple[int, int, int]:
        return weights_of(hot, loop.body), sum(each.prefetches for each in loop.body), len(loop.body)

    body, spills = max(found, key=rank)
    called = {each.leads_to or each.operands for each in body if each.calls}
    problem = f"the loop calls {', '.join(sorted(called))}, which is not counted" if called else ""
    return Figures(tuple(body), weights_of(hot, body), spills, problem)


def largest_tiles(hot: Hot, found: Sequence[Loop]) -> list[Loop]:
    """Those that use most often what they load, because a small one unrolled may have more multiplications. Of nearly
    equal ones that which the source calls last: a tile of one token less may multiply as much."""

    def use(loop: Loop) -> float:
        loads = sum(each.touches_memory for each in loop.body) - loop.spills
        return weights_of(hot, loop.body) / max(1, loads)

    def call(loop: Loop) -> int:
        return max(each.sources.get(hot.root, 0) for each in loop.body if weights_of(hot, [each]))

    most = max(map(use, found))
    large = [loop for loop in found if use(loop) > 0.9 * most]
    last = max(map(call, large))
    return [loop for loop in large if call(loop) == last]


# ---- cycles ----


class Mca:
    """llvm-mca, of which each processor is asked once whether it is known."""

    def __init__(self) -> None:
        self.program = find(*of_llvm("llvm-mca"))
        self.tables: dict[str, str] = {}  # of each processor used
        self._known: dict[str, frozenset[str]] = {}
        if not self.program:
            leave_out("llvm-mca (Debian: llvm)")

    def processors(self, architecture: Architecture, flags: str) -> list[str]:
        if not self.program:
            return []
        if architecture.name not in self._known:
            command = [self.program, f"-mtriple={architecture.triple}", "-mcpu=help"]
            said = subprocess.run(command, input="", capture_output=True, text=True, check=False)
            names = re.findall(r"^  ([\w.-]+) +- Select the", said.stdout + said.stderr, re.MULTILINE)
            self._known[architecture.name] = frozenset(names)
        known = self._known[architecture.name]
        groups = next((groups for word, groups in PROCESSORS if word in flags), ())
        return [name for group in groups if (name := next((each for each in group if each in known), ""))]

    def cycles(self, architecture: Architecture, processor: str, body: Sequence[Instruction]) -> float | None:
        """For one turn of the loop, of many."""
        assert self.program
        turns = 200
        text = "".join(_PLACE.sub(".Lhere", str(each)) + "\n" for each in body)
        # Of a move that Zen does not execute, the simulation takes the two registers for one ever after.
        text = re.sub(r"^movq? (%r\w+),(%r\w+)$", r"lea (\1),\2", text, flags=re.MULTILINE)
        command = [
            self.program,
            f"-mtriple={architecture.triple}",
            f"-mcpu={processor}",
            f"-iterations={turns}",
        ]
        if architecture.attributes:
            command.append(f"-mattr={architecture.attributes}")
        try:
            said = run(command, text)
        except RuntimeError as error:
            leave_out(f"cycles on {processor}: {error}")
            return None
        resources = re.findall(r"^\[[\d.]+\] +- (\w+)", said, re.MULTILINE)
        table = resources[0] if resources else "?"  # of A57UnitB, A57UnitI, ... what they begin with
        while not all(each.startswith(table) for each in resources):
            table = table[:-1]
        self.tables[processor] = table.removesuffix("Unit")
        found = re.search(r"^Total Cycles: +(\d+)", said, re.MULTILINE)
        return int(found[1]) / turns if found else None


# ---- the table ----

HEADINGS = (
    *("instruction set", "loop", "instructions", "weights", "instructions a weight", "spills"),
    *("load pairs", "prefetches", "weights a cycle (cycles)"),
)


@dataclass
class Row:
    """Of one loop: the same for several instruction sets where they share it."""

    sets: list[str]
    hot: Hot
    flags: str
    figures: dict[str, Figures]  # by compiler

    def same(self, other: Row) -> bool:
        mine = {name: figures.cells() for name, figures in self.figures.items()}
        return self.hot == other.hot and mine == {name: each.cells() for name, each in other.figures.items()}


def side_by_side(cells: Sequence[str]) -> str:
    """One where the compilers agree."""
    return cells[0] if len(set(cells)) == 1 else " / ".join(cells)


def cycles_cell(row: Row, architecture: Architecture, mca: Mca) -> str:
    by_figures: dict[str, list[str]] = {}
    for processor in mca.processors(architecture, row.flags):
        cells = []
        for figures in row.figures.values():
            cycles = mca.cycles(architecture, processor, figures.body) if figures.body else None
            cells.append(f"{figures.weights / cycles:.0f} ({cycles:.1f})" if cycles else "–")
        by_figures.setdefault(side_by_side(cells), []).append(processor)
    return "; ".join(f"{', '.join(names)} {cell}" for cell, names in by_figures.items())


def print_table(architecture: Architecture, rows: Sequence[Row], mca: Mca) -> None:
    headings = [each for each in HEADINGS if each != "load pairs" or architecture is ARM]
    print(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    for row in rows:
        figures = [
            side_by_side(cells)
            for cells in zip(*(each.cells() for each in row.figures.values()), strict=True)
        ]
        cells = [", ".join(row.sets), row.hot.name, *figures, cycles_cell(row, architecture, mca)]
        print(
            "|", " | ".join(cell for cell, name in zip(cells, HEADINGS, strict=True) if name in headings), "|"
        )


def print_loop(row: Row) -> None:
    for compiler, figures in row.figures.items():
        print(f"\n{', '.join(row.sets)}, {row.hot.name}, {compiler}: {figures.problem}")
        for each in figures.body:
            print(f"  {each.address:6x}  {each}")


def rows_of(work: Work, architecture: Architecture) -> list[Row]:
    tool = disassembler(architecture)
    rows: dict[tuple[str, str], Row] = {}
    names = []
    for name, program, options in compilers(architecture) if tool else ():
        assert tool
        names.append(f"{name} {version(program)}")
        for file in compiled(work, options, f"{architecture.processor}-{name}"):
            for hot, figures in hot_loops(tool, architecture, file):
                key = (file.result.name, hot.name)
                row = rows.setdefault(key, Row([file.instruction_set], hot, file.flags, {}))
                row.figures[names[-1]] = figures
    for row in rows.values():
        row.figures = {name: row.figures.get(name, Figures(problem="not compiled")) for name in names}
    return list(rows.values())


def hot_loops(tool: str, architecture: Architecture, file: Compiled) -> Iterator[tuple[Hot, Figures]]:
    functions, symbols = disassembled(tool, architecture, file.result), run([tool, "-t", file.result])
    for hot in HOT:
        has_it = re.search(rf"^(?!.*\*UND\*).*\b{hot.table}", symbols, re.MULTILINE)
        if has_it and not (hot.optional and not reached(functions, hot.root)):
            yield hot, measure(hot, architecture, functions)


def shared(rows: Iterable[Row]) -> list[Row]:
    """Rows with the same figures as one."""
    found: list[Row] = []
    for row in rows:
        if like := next((each for each in found if each.same(row)), None):
            like.sets = [*like.sets, *row.sets]
        else:
            found.append(replace(row))
    return found


def prefetches_for_apple(work: Work) -> Iterator[str]:
    """Apple's processors fetch ahead well by themselves, so by default there should be none. (Everything but the macro
    stays Linux, whose headers are here.)"""
    tool = disassembler(ARM)
    clang = next((options for name, _, options in compilers(ARM) if name == "clang"), None)
    for file in compiled(work, clang, "apple", "-D__APPLE__") if tool and clang else ():
        assert tool
        functions = disassembled(tool, ARM, file.result)
        for hot, figures in hot_loops(tool, ARM, file):
            code = [each for function in reached(functions, hot.root) for each in function.instructions]
            all_of_them = sum(each.prefetches for each in code)
            where = f"{figures.prefetches} in the loop, {all_of_them} in the function"
            yield f"{file.instruction_set}, {hot.name}: {where if all_of_them else 'none'}"


def print_list(heading: str, lines: Sequence[str]) -> None:
    if lines:
        print(f"{heading}:\n" + "".join(f"- {line}\n" for line in lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kernels", type=Path, default=KERNELS, help="the folder of other ones, to compare")
    parser.add_argument("--only", default="", help="instruction sets with this in their name")
    parser.add_argument(
        "--show", metavar="LOOP", help="print the instructions of this loop instead of the tables"
    )
    arguments = parser.parse_args()
    mca, problems = Mca(), list[str]()
    with tempfile.TemporaryDirectory() as name:
        work = Work(arguments.kernels.resolve(), arguments.only, Path(name))
        for architecture in (X86, ARM):
            rows = rows_of(work, architecture)
            problems += [
                f"{row.sets[0]}, {row.hot.name}, {compiler}: {figures.problem}"
                for row in rows
                for compiler, figures in row.figures.items()
                if figures.problem
            ]
            if arguments.show:
                for row in rows:
                    if row.hot.name == arguments.show:
                        print_loop(row)
            elif rows:
                print(f"{architecture.name}, {' / '.join(rows[0].figures)}:\n")
                print_table(architecture, shared(rows), mca)
                print()
        if not arguments.show:
            print_list("Prefetches if __APPLE__ is defined (clang)", list(prefetches_for_apple(work)))
            used = ", ".join(f"{name} {table}" for name, table in mca.tables.items())
            print_list(
                f"llvm-mca {version(mca.program) if mca.program else ''} uses the tables",
                [used] if used else [],
            )
    print_list("Problems", problems)
    print_list("Left out", left_out)


if __name__ == "__main__":
    main()
