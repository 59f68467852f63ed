#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OpenAI's own Python client against a real server and the default model."""

import threading
import unittest

import openai

from running_server import MODEL, RunningServer

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
STORY = [{"role": "user", "content": "Tell me a long story about a lake."}]


@unittest.skipUnless(MODEL.is_file(), "wants the default model")
class OpenAiClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.client = openai.OpenAI(base_url=cls.server.base + "/v1", api_key=cls.server.token, max_retries=0)
        cls.model = cls.client.models.list().data[0].id

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        assert cls.server.stop() == 0, cls.server.log

    def ask(self, messages=QUESTION, **options):
        return self.client.chat.completions.create(model=self.model, messages=messages, **options)

    def test_models(self):
        self.assertEqual(self.model, MODEL.stem)
        self.assertEqual(self.client.models.retrieve(self.model).id, self.model)
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("gpt-9")

    def test_answer(self):
        answer = self.ask(temperature=0, max_tokens=16)
        self.assertIn("Paris", answer.choices[0].message.content)
        self.assertEqual(answer.choices[0].message.role, "assistant")
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.object, "chat.completion")
        usage = answer.usage
        self.assertGreater(usage.prompt_tokens, 10)
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)

    def test_stream_says_the_same_as_the_whole_answer(self):
        options = {"temperature": 0.8, "seed": 5, "max_tokens": 60, "messages": STORY}
        whole = self.ask(**options)
        chunks = list(self.ask(stream=True, stream_options={"include_usage": True}, **options))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual(chunks[-2].choices[0].finish_reason, "length")
        self.assertEqual(chunks[-1].usage.completion_tokens, 60)
        self.assertGreater(chunks[-1].usage.prompt_tokens_details.cached_tokens, 0, "the same prompt came before")
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)

    def test_the_seed_of_an_answer_gives_it_again(self):
        first = self.ask(STORY, temperature=1, max_tokens=40)
        again = self.ask(STORY, temperature=1, max_tokens=40, seed=first.seed)
        other = self.ask(STORY, temperature=1, max_tokens=40, seed=first.seed + 1)
        self.assertEqual(again.choices[0].message.content, first.choices[0].message.content)
        self.assertNotEqual(other.choices[0].message.content, first.choices[0].message.content)

    def test_choices_are_those_of_seeds_in_a_row(self):
        several = self.ask(STORY, n=3, temperature=1, max_tokens=20, seed=100)
        self.assertEqual([choice.index for choice in several.choices], [0, 1, 2])
        second = self.ask(STORY, temperature=1, max_tokens=20, seed=101)
        self.assertEqual(several.choices[1].message.content, second.choices[0].message.content)
        self.assertEqual(several.usage.completion_tokens, 60)

    def test_stop(self):
        whole = self.ask(STORY, temperature=0, max_tokens=60).choices[0].message.content
        word = whole.split()[5]
        stopped = self.ask(STORY, temperature=0, max_tokens=60, stop=[word]).choices[0]
        self.assertEqual(stopped.finish_reason, "stop")
        self.assertEqual(stopped.message.content, whole[: whole.index(word)])

    def test_log_probabilities(self):
        choice = self.ask(temperature=0, max_tokens=4, logprobs=True, top_logprobs=3).choices[0]
        tokens = choice.logprobs.content
        self.assertEqual(b"".join(bytes(token.bytes) for token in tokens).decode(), choice.message.content)
        for token in tokens:
            self.assertEqual(len(token.top_logprobs), 3)
            self.assertLessEqual(token.logprob, 0)
            self.assertAlmostEqual(token.logprob, token.top_logprobs[0].logprob, msg="temperature 0 takes the likeliest")

    def test_logit_bias_and_sampling_fields(self):
        plain = self.ask(temperature=0, max_tokens=1, logprobs=True)
        self.assertEqual(plain.choices[0].logprobs.content[0].token, plain.choices[0].message.content)
        self.ask(temperature=0.5, top_p=0.9, frequency_penalty=0.5, presence_penalty=0.5, max_tokens=4,
                 extra_body={"top_k": 40, "min_p": 0.05, "typical_p": 0.9, "repetition_penalty": 1.1})
        with self.assertRaisesRegex(openai.BadRequestError, "temperature: expected a number .* found 9"):
            self.ask(temperature=9)

    def test_system_prompt_parts_and_tools(self):
        messages = [
            {"role": "developer", "content": "You answer in one word."},
            {"role": "user", "content": [{"type": "text", "text": "What is the capital"}, {"type": "text", "text": "of France?"}]},
        ]
        tool = {"type": "function", "function": {"name": "now", "description": "the time", "parameters": {"type": "object"}}}
        self.assertTrue(self.ask(messages, temperature=0, max_tokens=8, tools=[tool]).choices[0].message.content)

    def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(self):
        long = [{"role": "user", "content": "water " * 20_000}]
        with self.assertRaises(openai.BadRequestError) as caught:
            self.ask(long)
        self.assertEqual(caught.exception.code, "context_length_exceeded")
        self.assertRegex(caught.exception.body["message"], r"\b2\d{4}\b.*\b\d{4}\b|\b\d{4}\b.*\b2\d{4}\b")

    def test_other_errors(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.chat.completions.create(model="gpt-9", messages=QUESTION)
        self.assertEqual(caught.exception.code, "model_not_found")
        with self.assertRaises(openai.BadRequestError):
            self.ask([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}])
        stranger = openai.OpenAI(base_url=self.server.base + "/v1", api_key="wrong", max_retries=0)
        with self.assertRaises(openai.AuthenticationError):
            stranger.models.list()

    def test_the_same_request_among_many_others_gives_the_same_answer(self):
        alone = self.ask(STORY, temperature=0.9, seed=1, max_tokens=24).choices[0].message.content
        answers = []

        def same():
            answers.append(self.ask(STORY, temperature=0.9, seed=1, max_tokens=24).choices[0].message.content)

        def other(number):
            self.ask([{"role": "user", "content": f"Count to {number}. " * number}], max_tokens=16)

        threads = [threading.Thread(target=same) for _ in range(8)]
        threads += [threading.Thread(target=other, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [alone] * 8)


if __name__ == "__main__":
    unittest.main()
