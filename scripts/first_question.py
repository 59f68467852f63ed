#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a running server one question, as a first sign of life, and prints question and answer."""

import json
import re
import sys
import time
import urllib.error
import urllib.request

QUESTION = "What is the capital of France? Answer in one word."
HEALTH_SECONDS_MAX = 60


def wait_for_health(base):
    """The listening socket comes before the model; the server is ready when it says so."""
    last = None
    for _ in range(HEALTH_SECONDS_MAX * 10):
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=5):
                return
        except OSError as error:
            last = error
            time.sleep(0.1)
    sys.exit(f"{base}/health: expected 200 within {HEALTH_SECONDS_MAX} s, found: {last}")


def ask(base, token):
    request = urllib.request.Request(
        f"{base}/v1/chat/completions",
        data=json.dumps({"messages": [{"role": "user", "content": QUESTION}], "temperature": 0, "max_tokens": 32}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{base}: expected an answer, found {error.code}: {error.read(500).decode(errors='replace')}")


def main():
    address = sys.argv[1]
    base = re.match(r"http://[^/?#]+", address).group()
    token = re.search(r"(?:token|key)=([^&\s]+)", address)
    wait_for_health(base)
    print(f"   > {QUESTION}\n   {ask(base, token.group(1) if token else '').strip()}")


if __name__ == "__main__":
    main()
