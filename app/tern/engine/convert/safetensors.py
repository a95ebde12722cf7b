"""Read safetensors files, memory-mapped, each offset checked against the file. Knows no model.

Format [github.com/huggingface/safetensors]: 8 bytes, the header's length; a JSON header of names, types, shapes and
offsets; then the bytes.
"""

from __future__ import annotations

import json
import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tern.errors import UserError

# The format allows 100 MB; a BitNet's has 0.1, and read as JSON it takes ten times its size.
_MAX_HEADER = 16 << 20
_MAX_JSON = 64 << 20  # a tokenizer's has some 10 MB
_MAX_DIMENSIONS = 8
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor where it lies. ``shape`` outermost first, as numpy has it."""

    name: str
    type: str
    shape: tuple[int, ...]
    data: memoryview

    def floats(self) -> NDArray[np.float32]:
        """Its values as F32: exact from BF16, F16 and F32."""
        if self.type == "BF16":
            wide = np.frombuffer(self.data, "<u2").astype(np.uint32) << 16
            return wide.view(np.float32).reshape(self.shape)
        kinds = {"F32": "<f4", "F16": "<f2"}
        if self.type not in kinds:
            raise UserError(
                "The tensor {name} is of type {type}, where numbers with a fraction are needed.",
                name=self.name,
                type=self.type,
            )
        return np.frombuffer(self.data, kinds[self.type]).astype(np.float32).reshape(self.shape)

    def bytes_(self) -> NDArray[np.uint8]:
        """Its bytes, of a U8 tensor."""
        if self.type != "U8":
            raise UserError(
                "The tensor {name} is of type {type}, not packed bytes (U8).", name=self.name, type=self.type
            )
        return np.frombuffer(self.data, np.uint8).reshape(self.shape)


class SafetensorsFolder:
    """The tensors of a folder as transformers writes it: one file, or several with an index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tensors: dict[str, StoredTensor] = {}
        for name in self._files():
            self._open(folder / name)

    def _files(self) -> list[str]:
        if (self.folder / INDEX).is_file():
            weight_map = self.json(INDEX).get("weight_map")
            if not isinstance(weight_map, dict) or not all(
                isinstance(name, str) and Path(name).name == name for name in weight_map.values()
            ):
                raise UserError("{path} is damaged. Fetch that folder again.", path=self.folder / INDEX)
            return sorted(set(weight_map.values()))
        found = (
            [SINGLE]
            if (self.folder / SINGLE).is_file()
            else [p.name for p in sorted(self.folder.glob("*.safetensors"))]
        )
        if not found:
            raise UserError(
                "{folder} has no .safetensors file. Choose a folder that transformers can load.",
                folder=self.folder,
            )
        return found

    def json(self, name: str) -> dict[str, Any]:
        """The object in the JSON file ``name`` of the folder."""
        path = self.folder / name
        try:
            if path.stat().st_size > _MAX_JSON:
                raise UserError("{path} is too large to be what it should be. Fetch it again.", path=path)
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise UserError(
                "{folder} has no {name}. Put it beside the weights: it comes with the model.",
                folder=self.folder,
                name=name,
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(
                "{path} cannot be read ({error}). Fetch it again.", path=path, error=error
            ) from error
        if not isinstance(found, dict):
            raise UserError("{path} is not what it should be. Fetch it again.", path=path)
        return found

    def __getitem__(self, name: str) -> StoredTensor:
        if name not in self.tensors:
            raise UserError(
                "The weights in {folder} have no tensor {name}: this is not a BitNet b1.58.",
                folder=self.folder,
                name=name,
            )
        return self.tensors[name]

    def expect(self, name: str, shape: tuple[int, ...]) -> StoredTensor:
        """The tensor called ``name``, which must have this shape."""
        tensor = self[name]
        if tensor.shape != shape:
            sizes, wanted = (" x ".join(map(str, sizes)) for sizes in (tensor.shape, shape))
            raise UserError(
                "The tensor {name} in {folder} has {sizes} values, not {wanted} as config.json says. Fetch that "
                "folder again.",
                name=name,
                folder=self.folder,
                sizes=sizes,
                wanted=wanted,
            )
        return tensor

    def _open(self, path: Path) -> None:
        damaged = UserError("{path} is damaged or not complete. Fetch it again.", path=path)
        try:
            with path.open("rb") as file:
                mapping = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError) as error:
            raise UserError("{path} cannot be opened ({error}).", path=path, error=error) from error
        try:
            (length,) = struct.unpack_from("<Q", mapping)
            if length > min(_MAX_HEADER, len(mapping) - 8):
                raise damaged
            header = json.loads(bytes(mapping[8 : 8 + length]))
            data = mapping[8 + length :]
            for name, entry in header.items():
                if name == "__metadata__":
                    continue
                start, end = entry["data_offsets"]
                shape = tuple(entry["shape"])
                if len(shape) > _MAX_DIMENSIONS or any(type(n) is not int or n < 0 for n in (start, *shape)):
                    raise damaged
                if not start <= end <= len(data) or end - start != prod(shape) * _SIZES[entry["dtype"]]:
                    raise damaged
                self.tensors[name] = StoredTensor(name, entry["dtype"], shape, data[start:end])
        except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise damaged from error
