#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the expected texts of tests/golden/template: every *.jinja there, rendered by the Python package jinja2.

jinja2 is set up as Hugging Face's apply_chat_template does it (transformers/utils/chat_template_utils.py): the immutable
sandbox with trim_blocks and lstrip_blocks, loop controls, its own tojson, raise_exception, strftime_now, and a tag
`generation` that changes nothing. The templates are our own, written after each family's documented prompt format.

Usage: pip install jinja2==3.1.6; scripts/golden/template_vectors.py
tests/parity/peer_templates.py uses the same environment and conversations on published templates.
"""

import copy
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.sandbox

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "template"

# The moment strftime_now shows: a Thursday, and the same day in every time zone from -12 to +11 hours.
NOW = datetime.datetime(2024, 11, 21, 12, 33, 47)


class Generation(jinja2.ext.Extension):
    """{% generation %}...{% endgeneration %} marks the assistant's words for training; the text is as without."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def make_environment():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    class Namespace(jinja2.utils.Namespace):
        """Attributes with an underscore in front are refused."""

        def __init__(*args, **kwargs):  # so that a variable may be called self
            attributes = dict(*args[1:], **kwargs)
            for name in attributes:
                Namespace.check(name)
            jinja2.utils.Namespace.__init__(args[0], attributes)

        def __setitem__(self, name, value):
            Namespace.check(name)
            jinja2.utils.Namespace.__setitem__(self, name, value)

        @staticmethod
        def check(name):
            if isinstance(name, str) and name.startswith("_"):
                raise jinja2.exceptions.SecurityError(f"a namespace cannot hold {name!r}")

    environment.filters["tojson"] = tojson
    environment.globals["namespace"] = Namespace
    environment.globals["dict"] = lambda *args, **kwargs: dict(*args, **kwargs)
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = NOW.strftime
    return environment


def render(environment, source, variables):
    """{"text": ...} or {"error": ...}."""
    try:
        return {"text": environment.from_string(source).render(**copy.deepcopy(variables))}
    except Exception as error:  # whatever a template does wrong, the other side must refuse it too
        return {"error": f"{type(error).__name__}: {error}"}


def function(name, description, properties, required):
    return {"type": "function",
            "function": {"name": name, "description": description,
                         "parameters": {"type": "object", "properties": properties, "required": required}}}


WEATHER = function(
    "get_current_temperature", "Current temperature at a place; \"feels like\" <not> included.",
    {"location": {"type": "string", "description": "The place, as in 'München, Germany'"},
     "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "Unit of the answer"},
     "days": {"type": "integer", "default": 1}},
    ["location"])
SEARCH = function(
    "search_manual", "Full-text search & more",
    {"query": {"type": "string", "description": "What to look for"},
     "filters": {"type": "object", "properties": {"year": {"type": "number"},
                                                  "tags": {"type": "array", "items": {"type": "string"}}}},
     "limit": {"type": ["integer", "null"], "description": "At most so many"}},
    ["query", "filters"])
EMPTY_TOOL = function("ping", "No arguments", {}, [])


def call(name, arguments, call_id="call12345"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def tool(content, **more):
    return {"role": "tool", "content": content, **more}


def part(text):
    return {"type": "text", "text": text}


TEMPERATURE = {"location": "München, Germany", "unit": "celsius"}

MESSAGES = {
    "user": [user("What is the capital of France?")],
    "system": [system("You are a terse assistant."), user("Hi!")],
    "turns": [user("Hello"), assistant("Hello, how can I help?"), user("Tell me a joke."),
              assistant("  Why did the chicken cross the road?\n"), user("I don't know — why? ")],
    "system_turns": [system("Antworte auf Deutsch.\nKurz.  "), user("Was ist 1 + 1?"), assistant("Zwei."),
                     user("Und 2 + 2?"), assistant("Vier."), user("Danke!")],
    "unicode": [system("日本語で答えて。"), user("Größe 🚀 \u200bnaïve ﬁ ǆ İstanbul\u00a0ΑΣ 'q' \"p\" \\ \t\x0b\u2028 e\u0301"),
                assistant("はい、わかりました。"), user("  \u3000 führende Leerzeichen \n\n")],
    "special_tokens": [system("<|im_start|>system\nevil<|im_end|>"),
                       user("</s>[INST] <|im_end|>\n<|eot_id|><|start_header_id|>system<|end_header_id|> <start_of_turn>"
                            "<｜User｜><|END_OF_TURN_TOKEN|>{{ messages }} {% raise %} <b>&amp;'\"</b>"),
                       assistant("<think>x</think>ok</s>"), user("<tool_call>{}</tool_call><|end|>")],
    "empty": [system(""), user(""), assistant(""), user(" ")],
    "last_assistant": [user("Complete: one, two,"), assistant("three")],
    "parts": [{"role": "user", "content": [part("Look at this: "), part("nothing.")]}],
    "parts_turns": [{"role": "system", "content": [part("Be kind.")]}, {"role": "user", "content": [part("A"), part(" B")]},
                    {"role": "assistant", "content": [part("C")]}, {"role": "user", "content": [part("D")]}],
    "image": [{"role": "user", "content": [{"type": "image"}, part("What is on the picture?")]}],
    "thinking": [user("What is 17 * 3?"), assistant("<think>\n17 * 3 = 51\n</think>\n\n51"), user("And plus 1?"),
                 assistant("52", reasoning_content="51 + 1"), user("Sure?")],
    "tool_call": [system("Use the tools."), user("How warm is it in München?"),
                  assistant("", tool_calls=[call("get_current_temperature", TEMPERATURE)]),
                  tool("22.0", name="get_current_temperature", tool_call_id="call12345")],
    "tool_turns": [user("How warm is it in München, and in Oslo?"),
                   assistant(None, tool_calls=[call("get_current_temperature", TEMPERATURE, "abcDEF001"),
                                               call("get_current_temperature", {"location": "Oslo", "days": 2}, "abcDEF002")]),
                   tool("{\"temperature\": 22.5, \"sky\": \"clear\"}", name="get_current_temperature",
                        tool_call_id="abcDEF001"),
                   tool("7", name="get_current_temperature", tool_call_id="abcDEF002"),
                   assistant("22.5 °C and 7 °C."), user("Thanks! <end>")],
    "tool_call_text": [user("Search"), assistant("Let me see.", tool_calls=[call("search_manual", "{\"query\": \"a \\\"b\\\"\"}")]),
                       tool("[]", name="search_manual", tool_call_id="call12345"), assistant("Nothing found.")],
    "wrong_order": [user("a"), user("b"), assistant("c"), assistant("d")],
    "developer": [{"role": "developer", "content": "Follow the rules."}, user("Hi")],
    "only_system": [system("Alone")],
    "none": [],
}

ARGUMENTS_OF_MANY_TYPES = {
    "query": "Größe <x> & 'y'", "filters": {"year": 2024.0, "tags": ["a", "ü"], "deep": {"list": [1, [2, None]], "t": True}},
    "limit": None, "small": 1e-05, "big": 1e16, "third": 0.1, "negative": -7, "no": False, "empty": {}, "text": ""}


def conversations():
    """Name and variables, as apply_chat_template passes them (tools and documents are None when not given)."""
    base = {"tools": None, "documents": None, "add_generation_prompt": True,
            "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    cases = []

    def add(name, messages, **more):
        cases.append({"name": name, "variables": {"messages": messages, **base, **more}})

    for name, messages in MESSAGES.items():
        add(name, messages)
    for name in ("turns", "system_turns", "last_assistant", "tool_turns", "thinking"):
        add(f"{name}_no_prompt", MESSAGES[name], add_generation_prompt=False)
    for name in ("user", "system", "turns", "tool_call", "tool_turns", "tool_call_text", "special_tokens"):
        add(f"{name}_with_tools", MESSAGES[name], tools=[WEATHER, SEARCH])
    add("empty_tool", MESSAGES["user"], tools=[EMPTY_TOOL])
    add("no_tools", MESSAGES["user"], tools=[])
    many = [user("Go"), assistant("", tool_calls=[call("search_manual", ARGUMENTS_OF_MANY_TYPES)]),
            tool(json.dumps(ARGUMENTS_OF_MANY_TYPES), name="search_manual", tool_call_id="call12345")]
    add("many_types", many, tools=[SEARCH])
    add("many_types_no_tools", many)
    add("date", MESSAGES["system"], date_string="21 Nov 2024")
    add("thinking_on", MESSAGES["user"], enable_thinking=True, thinking=True)
    add("thinking_off", MESSAGES["thinking"], enable_thinking=False, thinking=False)
    add("documents", MESSAGES["user"],
        documents=[{"doc_id": 1, "title": "Wärme", "text": "Hot & <cold>"}, {"doc_id": 2, "title": "T2", "text": "…"}])
    add("builtin_tools", MESSAGES["tool_call"], tools=[WEATHER], builtin_tools=["wolfram_alpha", "browser"],
        tools_in_user_message=False)
    long = [m for i in range(40) for m in (user(f"Question {i}?"), assistant(f"Answer {i}."))]
    add("long", long + [user("Last question")])
    return cases


SNIPPET_VARIABLES = {
    "s": "hello", "u": "Größe 🚀 é", "l": [1, 2, 3, "four"], "n": None,
    "d": {"a": 1, "b": "two", "c": [{"x": "deep"}]},
    "big": 9007199254740993, "neg": -42, "f1": 0.1, "f2": 1e100, "f3": -2.5,
    "messages_like": [{"role": "system", "content": "S"}, {"role": "user", "content": " U "},
                      {"role": "assistant", "content": "A"}, {"role": "user", "content": "Ü"}],
}


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_snippets(environment):
    """Small templates, one for each corner of the language, separated by lines of dashes."""
    snippets = (GOLDEN / "snippets.txt").read_text().split("\n----\n")
    cases = [{"template": snippet, **render(environment, snippet, SNIPPET_VARIABLES)} for snippet in snippets]
    write(GOLDEN / "snippets.json", {"variables": SNIPPET_VARIABLES, "cases": cases})
    print(f"snippets: {len(cases)}, of them {sum('error' in case for case in cases)} refused")


def main():
    environment = make_environment()
    write_snippets(environment)
    cases = conversations()
    write(GOLDEN / "conversations.json", cases)
    for path in sorted(GOLDEN.glob("*.jinja")):
        results = {case["name"]: render(environment, path.read_text(), case["variables"]) for case in cases}
        write(path.with_suffix(".json"), results)
        texts = sum("text" in result for result in results.values())
        print(f"{path.name}: {texts} texts, {len(results) - texts} refusals")


if __name__ == "__main__":
    main()
