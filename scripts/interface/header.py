"""Reads an interface header, and refuses whatever the interface's grammar does not allow."""

import re
from dataclasses import dataclass, field
from pathlib import Path

NUMBERS = {"uint8_t": 1, "int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8, "double": 8}
POINTER = 8
# Structs that never grow: kept by value or read from a file, so they carry no size of their own.
FROZEN = ("holdfast_text", "holdfast_note", "holdfast_code")
# What macros are made of, and nobody else uses.
PRIVATE = "HOLDFAST_OP_"


class Refused(Exception):
    """A header breaks the grammar; the text says where and how."""


@dataclass
class Field:
    name: str
    type: str          # as C writes it without the name, such as `const holdfast_key *`
    size: int
    alignment: int
    offset: int = 0


@dataclass
class Struct:
    name: str
    fields: list[Field]
    size: int = 0
    alignment: int = 1


@dataclass
class Header:
    path: str
    structs: list[Struct] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)    # typedef of a number
    functions: dict[str, str] = field(default_factory=dict)  # exported: pointer type
    pointers: dict[str, str] = field(default_factory=dict)   # typedef of a function pointer
    constants: dict[str, str] = field(default_factory=dict)


class Reader:
    """Reads headers in the order of their includes; later ones may use types of earlier ones."""

    def __init__(self):
        self.sizes = {name: (size, size) for name, size in NUMBERS.items()}
        self.where = ""

    def read(self, path: Path) -> Header:
        header = Header(path.name)
        self.line_text = strip_comments(path.read_text())
        declarations = self._preprocess(header, path)
        for number, text in declarations:
            self.where = f"{path.name}:{number}: "
            self._declaration(header, text)
        return header

    def refuse(self, why: str) -> Refused:
        return Refused(self.where + why)

    # ---- The preprocessor -----------------------------------------------------------------------

    def _preprocess(self, header: Header, path: Path) -> list[tuple[int, str]]:
        """Takes the constants, and returns the declarations with their lines."""
        kept, in_cplusplus = [], False
        lines = self.line_text.split("\n")
        index = 0
        while index < len(lines):
            number, line = index + 1, lines[index]
            self.where = f"{path.name}:{number}: "
            while line.endswith("\\"):
                index += 1
                line = line[:-1] + " " + lines[index]
            index += 1
            words = line.split(None, 2)
            if not line.lstrip().startswith("#"):
                kept.append((number, "" if in_cplusplus else line))
            elif words[0] == "#define":
                self._define(header, line)
            elif words[0] == "#include":
                if not re.fullmatch(r'<stdint\.h>|<stddef\.h>|"\w+\.h"', words[1]):
                    raise self.refuse(f"includes {words[1]}; only stdint.h, stddef.h and headers "
                                      "of the interface may be")
            elif words[:2] == ["#ifdef", "__cplusplus"]:
                in_cplusplus = True
            elif words[0] in ("#else", "#endif"):
                in_cplusplus = False
            elif words[0] not in ("#ifndef", "#error"):
                raise self.refuse(f"uses {words[0]}, which the grammar does not have")
        return split_declarations(kept)

    def _define(self, header: Header, line: str) -> None:
        matched = re.fullmatch(r"#define\s+(\w+)(\([^)]*\))?\s*(.*?)\s*", line)
        name, parameters, value = matched.groups()
        if not name.startswith("HOLDFAST_"):
            raise self.refuse(f"defines {name}, which does not start with HOLDFAST_")
        # What drivers put into their code, and the guard, have no value to keep.
        is_code = value.startswith("{") or "__attribute__" in value
        if parameters or not value or is_code or name.startswith(PRIVATE):
            return
        if not re.fullmatch(r'\(-\d+\)|(0x[0-9a-f]+|\d+)u?|U?INT64_MAX|"[^"]*"', value):
            raise self.refuse(f"{name} is {value}: neither a number nor a text")
        if name in header.constants:
            raise self.refuse(f"defines {name} twice")
        header.constants[name] = value

    # ---- Declarations ---------------------------------------------------------------------------

    def _declaration(self, header: Header, text: str) -> None:
        if text.startswith("static "):
            return  # code that a header lends to drivers
        if matched := re.fullmatch(r"typedef struct (\w+) \{(.*)\} (\w+)", text):
            if matched[1] != matched[3]:
                raise self.refuse(f"struct {matched[1]} has the second name {matched[3]}")
            header.structs.append(self._struct(matched[1], matched[2]))
        elif matched := re.fullmatch(r"typedef (\w+) (\w+)", text):
            if matched[1] not in NUMBERS:
                raise self.refuse(f"{matched[2]} stands for {matched[1]}, which is no number")
            header.aliases[matched[2]] = matched[1]
            self.sizes[matched[2]] = self.sizes[matched[1]]
        elif matched := re.fullmatch(r"typedef (.*)\(\*(\w+)\) ?\((.*)\)", text):
            header.pointers[matched[2]] = self._function_pointer(matched[1], matched[3])
            self.sizes[matched[2]] = (POINTER, POINTER)
        elif matched := re.fullmatch(r"([\w ]+[ *]+)(\w+) ?\((.*)\)", text):
            header.functions[matched[2]] = self._function_pointer(matched[1], matched[3])
        else:
            raise self.refuse(f"`{text[:60]}` is nothing that the grammar has")

    def _struct(self, name: str, body: str) -> Struct:
        fields = [each for text in split_outside(body, ";") if text for each in self._fields(text)]
        if name not in FROZEN:
            first = [(each.name, each.type) for each in fields[:1]]
            if first != [("size", "uint32_t")]:
                raise self.refuse(f"{name} does not start with `uint32_t size`")
        self._check_strides(name, fields)
        struct = Struct(name, fields)
        for each in fields:
            each.offset = -(-struct.size // each.alignment) * each.alignment
            if each.offset != struct.size:
                raise self.refuse(f"{name}.{each.name} follows {each.offset - struct.size} bytes of "
                                  "padding: name them `reserved`, or they are lost")
            struct.size = each.offset + each.size
            struct.alignment = max(struct.alignment, each.alignment)
        if struct.size % struct.alignment:
            raise self.refuse(f"{name} ends in padding: a field appended there would keep its size")
        self.sizes[name] = (struct.size, struct.alignment)
        return struct

    def _check_strides(self, name: str, fields: list[Field]) -> None:
        types = {each.name: each.type for each in fields}
        frozen = [f"const {each} *" for each in FROZEN]
        for each in types:
            if not each.endswith("count"):
                continue
            array = each.removesuffix("count").removesuffix("_")
            if each.removesuffix("count") + "stride" not in types and \
                    types.get(array + "s") not in frozen:
                raise self.refuse(f"{name}.{each} has no {each.removesuffix('count')}stride beside it")

    def _fields(self, text: str) -> list[Field]:
        if matched := re.fullmatch(r"(.*)\(\*(\w+)\) ?\((.*)\)", text):
            pointer = self._function_pointer(matched[1], matched[3])
            return [Field(matched[2], pointer, POINTER, POINTER)]
        if matched := re.fullmatch(r"char (\w+)\[(\d+)\]", text):
            return [Field(matched[1], f"char[{matched[2]}]", int(matched[2]), 1)]
        if ":" in text or "[" in text or "(" in text:
            raise self.refuse(f"`{text}` is no field that the grammar has")
        matched = re.fullmatch(r"((?:const )?\w+ ?\**)(\w+(?:, \w+)*)", text)
        if not matched or matched[1].endswith("*") and "," in text:
            raise self.refuse(f"`{text}` is no field that the grammar has")
        type = matched[1].strip()
        size, alignment = self._value(type)
        return [Field(name, type, size, alignment) for name in matched[2].split(", ")]

    def _value(self, type: str) -> tuple[int, int]:
        """The size and alignment of a type that a field or parameter may have."""
        base = type.removeprefix("const ").rstrip("* ")
        if type.endswith("*"):
            if base not in self.sizes and base not in ("void", "char"):
                raise self.refuse(f"`{type}` points to what the interface does not have")
            return POINTER, POINTER
        if type.startswith("const ") or base not in self.sizes:
            raise self.refuse(f"`{type}` is no type of the interface")
        if base.startswith("holdfast_") and self.sizes[base][0] > 8 and base not in FROZEN:
            raise self.refuse(f"{base} is passed or kept by value, so it could never grow")
        return self.sizes[base]

    def _function_pointer(self, result: str, parameters: str) -> str:
        result = result.strip()
        if result != "void":
            self._value(result)
        types, names = [], []
        for text in parameters.split(", ") if parameters != "void" else []:
            matched = re.fullmatch(r"((?:const )?\w+ ?\**)(\w*)", text)
            if not matched:
                raise self.refuse(f"`{text}` is no parameter that the grammar has")
            types.append(matched[1].strip())
            names.append(matched[2])
            self._value(types[-1])
        is_bytes = any("uint8_t *" in type for type in types)
        if "count" in names and "stride" not in names and not is_bytes:
            raise self.refuse("a function takes a count without the stride of its elements")
        return f"{result} (*)({', '.join(types) or 'void'})"


def strip_comments(text: str) -> str:
    """Without comments, but with every line in its place."""
    def blank(match: re.Match) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", "", match[0])
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', blank, text, flags=re.S)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def split_outside(text: str, mark: str) -> list[str]:
    """Splits at marks that are in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "({") - (letter in ")}")
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [re.sub(r"\s+", " ", part).strip() for part in parts]


def split_declarations(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The declarations, each in one line, with the line that it starts in."""
    found, text, start, depth = [], "", 0, 0
    for number, line in lines:
        for letter in line + " ":
            if not text.strip():
                start = number
            depth += (letter in "({") - (letter in ")}")
            is_body = letter == "}" and depth == 0 and text.startswith("static inline")
            if letter == ";" and depth == 0 or is_body:
                text = re.sub(r"\s+", " ", text).strip()
                found.append((start, re.sub(r"(?<=[({]) | (?=\))", "", text)))
                text = ""
            else:
                text += letter
    if text.strip():
        found.append((start, text.strip()))
    return found
