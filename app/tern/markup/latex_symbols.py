"""TeX's names of symbols: a table, nothing more."""

from __future__ import annotations

_RELATIONS = """
le≤ leq≤ ge≥ geq≥ ne≠ neq≠ approx≈ equiv≡ sim∼ simeq≃ cong≅ propto∝ ll≪ gg≫ prec≺ succ≻ preceq⪯ succeq⪰ in∈ notin∉
ni∋ subset⊂ supset⊃ subseteq⊆ supseteq⊇ nsubseteq⊈ subsetneq⊊ perp⊥ parallel∥ mid∣ nmid∤ models⊨ vdash⊢ dashv⊣ asymp≍
doteq≐ triangleq≜ coloneqq≔ leqslant⩽ geqslant⩾ lesssim≲ gtrsim≳ to→ rightarrow→ leftarrow← gets← leftrightarrow↔
Rightarrow⇒ Leftarrow⇐ Leftrightarrow⇔ implies⟹ impliedby⟸ iff⟺ longrightarrow⟶ longleftarrow⟵ Longrightarrow⟹
Longleftrightarrow⟺ mapsto↦ longmapsto⟼ hookrightarrow↪ uparrow↑ downarrow↓ rightharpoonup⇀ rightleftharpoons⇌
"""
_BINARY = """
times× cdot⋅ div÷ pm± mp∓ ast∗ star⋆ circ∘ bullet• oplus⊕ ominus⊖ otimes⊗ odot⊙ cap∩ cup∪ setminus∖ wedge∧ land∧
vee∨ lor∨ sqcup⊔ sqcap⊓ uplus⊎ amalg⨿ dagger†
"""
_OPERATORS = """
sum∑ prod∏ coprod∐ int∫ iint∬ iiint∭ oint∮ bigcup⋃ bigcap⋂ bigoplus⨁ bigotimes⨂ bigvee⋁ bigwedge⋀
"""
_ORDINARY = """
infty∞ partial∂ nabla∇ forall∀ exists∃ nexists∄ neg¬ lnot¬ emptyset∅ varnothing∅ hbarℏ Reℜ Imℑ alephℵ wp℘ angle∠
triangle△ square□ Box□ diamond◇ checkmark✓ ldots… dots… cdots⋯ vdots⋮ ddots⋱ dotsc… dotsb⋯ prime′ degree° therefore∴
because∵ top⊤ bot⊥ surd√ flat♭ sharp♯ natural♮ clubsuit♣ heartsuit♥ spadesuit♠ langle⟨ rangle⟩ lfloor⌊ rfloor⌋ lceil⌈
rceil⌉ lbrace{ rbrace} lvert| rvert| vert| lVert‖ rVert‖ Vert‖ imathı jmathȷ pounds£ copyright© S§ P¶ hslashℏ
backslash\\
"""


def _table(text: str) -> dict[str, str]:
    """Each word: a name and, as its last character, the symbol."""
    return {word[:-1]: word[-1] for word in text.split()}


RELATIONS = _table(_RELATIONS)
BINARY = _table(_BINARY)
OPERATORS = _table(_OPERATORS)
ORDINARY = _table(_ORDINARY) | {
    "ell": "ℓ", "{": "{", "}": "}", "$": "$", "%": "%", "#": "#", "&": "&", "_": "_", "|": "‖",
    "varepsilon": "ε", "epsilon": "ε", "varphi": "φ", "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς", "varpi": "ϖ",
}  # fmt: skip
SPACES = {
    ",": "\u2009", ":": "\u2009", ";": " ", ">": " ", "!": "", " ": " ", "quad": "   ", "qquad": "      ",
    "thinspace": "\u2009", "enspace": " ",
}  # fmt: skip
_SKIPPED = "displaystyle textstyle scriptstyle limits nolimits nonumber notag centering rm bf it small large"
SKIPPED = frozenset(_SKIPPED.split())
_FUNCTIONS = """
sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp lim limsup liminf max min sup inf
det dim ker gcd lcm deg arg hom Pr bmod argmax argmin
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0305", "underline": "\u0332", "vec": "\u20d7", "overrightarrow": "\u20d7", "dot": "\u0307",
    "ddot": "\u0308", "acute": "\u0301", "grave": "\u0300", "check": "\u030c", "breve": "\u0306",
    "mathring": "\u030a",
}  # fmt: skip
