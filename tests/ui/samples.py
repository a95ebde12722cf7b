"""Texts that the tests and the tour show."""

EVERYTHING = """# Ternary weights

A *ternary* weight is one of **three values**: `-1`, `0` or `+1`. That is log2(3) = 1.58 bits: see
[the paper](https://arxiv.org/abs/2402.17764), or 🐦 ask ~~me~~ the model.

## Why they are quick

- No multiplication: only additions and subtractions, which every processor does well
- Less memory to read
  - 0.4 GB instead of 4 GB
  - so fewer bytes a token

    (a second paragraph)
- [x] trained from scratch
- [ ] converted afterwards

1. Quantize the activations
2. Add and subtract
3. Scale once

> What is zero costs nothing at all.
> — a tern

```python
def dot(weights: list[int], x: list[int]) -> int:
    \"\"\"Sum of x where w is +1, minus where it is -1.\"\"\"

    return sum(w * v for w, v in zip(weights, x))
```

| Part | Bytes | Share |
|:-----|------:|:-----:|
| Layers | 520 MB | 44% |
| Head | 656 MB | 56% |

```
plain code
```
```c
int second;
```

---

Setext heading
==============

That is all.
Really.
"""
