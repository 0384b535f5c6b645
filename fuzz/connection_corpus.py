#!/usr/bin/env python3
"""Writes fuzz/corpus/connection/: small scripts for connection_fuzzer.cpp that mean something.

Usage: fuzz/connection_corpus.py     Run it again after a change of the script's format.
"""
import pathlib

STEPS = ["raw_frame", "raw_bytes", "frame", "request_response", "fire_and_forget", "respond",
         "respond_error", "cancel", "close", "pass", "timer", "write", "no_room", "split",
         "stream_ends", "frame_error"]
FRAMES = {"setup": 0, "keepalive": 1, "request_response": 2, "request_fnf": 3,
          "request_stream": 4, "request_channel": 5, "request_n": 6, "cancel": 7, "payload": 8,
          "fragment": 9, "error": 11, "goodbye": 12, "metadata_push": 13, "lease": 14,
          "extension": 15}
SET = 0x80  # a frame's flag: F of a request or fragment, N of a reply, I of an extension
SMALL_PAYLOADS, SMALL_QUEUE, TWO_STREAMS, FRAGMENTS = 1, 2, 4, 8
LAST_STREAMS, TWO_KEEPALIVES = 1, 2


def server(limits=0, more=0, messages=0):
    return bytes([0, limits, more, messages])


def client(limits=0, more=0, messages=0, keepalive=20_000, lifetime=60_000):
    return bytes([1, limits, more, messages]) + word(keepalive - 1) + word(lifetime - 1)


def word(value):
    return value.to_bytes(2, "big")


def step(name, *parameters):
    return bytes([STEPS.index(name), *parameters])


def frame(name, *parameters, flag=0):
    return step("frame", FRAMES[name] | flag, *parameters)


def setup(kind=0, payload=(0, 0)):
    return frame("setup", kind, *word(20_000), *word(5_624), *payload)


def request(name, code, data, flag=0):
    return frame(name, 0, code, 0, data, flag=flag)  # of the right parity, no metadata


def fragment(code, data, last=False):
    """Of a request of the peer's, on the same stream as request(…, code, …)."""
    return frame("fragment", 1, code, 0, data, flag=0 if last else SET)


def reply(data, flag=SET):
    """To the first request of ours that waits."""
    return frame("payload", 0, 0, data, flag=flag)


ASK = step("request_response", 0, 10)
ANSWER = step("respond", 0, 0, 0, 20)
WRITE_ALL = step("write", 255)

SCRIPTS = {
    "scrape": server() + setup() + step("fire_and_forget", 0, 190) + ASK + WRITE_ALL + reply(200),
    "push": server() + setup() + request("request_response", 0, 200) + ANSWER + WRITE_ALL
            + step("stream_ends"),
    "push_fnf_and_goodbye": server() + setup() + request("request_fnf", 0, 200)
                            + frame("goodbye"),
    "client_answers": client() + WRITE_ALL + request("request_response", 0, 190) + ANSWER
                      + WRITE_ALL,
    "client_refuses": client() + request("request_response", 0, 190)
                      + step("respond_error", 0, 0, 255) + WRITE_ALL,
    "client_keepalives": client() + step("timer", 0) * 3 + WRITE_ALL
                         + frame("keepalive", 1, 0, 0, 0) + step("timer", 0) * 9 + WRITE_ALL,
    "keepalive_echo": server() + setup() + frame("keepalive", 0, 0, 7, 3, 1, 2, 3) + WRITE_ALL,
    "keepalive_flood": server(more=TWO_KEEPALIVES) + setup()
                       + frame("keepalive", 0, 0, 0, 0) * 4 + WRITE_ALL,
    "first_frame_timeout": server() + step("timer", 0) + WRITE_ALL,
    "lifetime": server() + setup() + ASK + step("timer", 1) + WRITE_ALL,
    "no_setup": server() + request("request_fnf", 0, 1) + WRITE_ALL,
    "setup_version_2": server() + setup(1) + WRITE_ALL,
    "setup_with_lease": server() + setup(2) + WRITE_ALL,
    "setup_with_resume": server() + setup(4) + WRITE_ALL,
    "setup_twice": server() + setup() + setup() + ASK + WRITE_ALL,
    "setup_without_room": server() + step("no_room") + setup(0, (0, 255)) + WRITE_ALL,
    "request_fragmented": server() + setup() + request("request_response", 0, 80, flag=SET)
                          + fragment(0, 80) + fragment(0, 3, last=True) + ANSWER + WRITE_ALL,
    "reply_fragmented": server() + setup() + ASK + frame("fragment", 0, 0, 1, 80, 9, flag=SET)
                        + reply(30) + WRITE_ALL,
    "fragments_interleaved": server() + setup() + request("request_fnf", 0, 80, flag=SET)
                             + request("request_fnf", 1, 80, flag=SET) + fragment(1, 80)
                             + fragment(0, 3, last=True) + fragment(1, 3, last=True),
    "fragments_too_long": server(SMALL_PAYLOADS) + setup()
                          + request("request_response", 0, 190, flag=SET)
                          + fragment(0, 190) * 2 + WRITE_ALL,
    "fragments_too_slow": server() + setup() + request("request_response", 0, 80, flag=SET)
                          + frame("keepalive", 1, 0, 0, 0) + step("timer", 0) * 2 + WRITE_ALL,
    "replies_too_slow_and_one_cancelled": server() + setup() + ASK * 2
                                          + frame("fragment", 0, 0, 0, 80, flag=SET)
                                          + frame("fragment", 0, 1, 0, 80, flag=SET)
                                          + step("timer", 128) + WRITE_ALL,
    "fragment_of_nothing": server() + setup() + request("request_fnf", 0, 80, flag=SET)
                           + fragment(0, 0) + WRITE_ALL,
    "fragmented_and_cancelled": server() + setup() + request("request_response", 0, 80, flag=SET)
                                + frame("cancel", 1, 0) + fragment(0, 3, last=True),
    "we_fragment": server(FRAGMENTS) + setup() + step("fire_and_forget", 1, 199, 150) + ASK
                   + request("request_response", 0, 5) + step("respond", 0, 0, 1, 200, 100)
                   + WRITE_ALL,
    "wrong_parity": server() + setup() + frame("request_response", 255, 0, 0, 3) + WRITE_ALL,
    "too_many_requests": server(TWO_STREAMS) + setup()
                         + b"".join(request("request_response", i, 3) for i in range(4)) + ANSWER
                         + request("request_response", 9, 3) + WRITE_ALL,
    "stream_in_use": server() + setup() + request("request_response", 0, 3) * 2 + ANSWER
                     + request("request_response", 0, 3) + ANSWER + WRITE_ALL,
    "last_stream_ids": client(more=LAST_STREAMS) + ASK * 4 + WRITE_ALL,
    "streams_not_served": server() + setup() + frame("request_stream", 0, 0, 0, 1, 0, 3)
                          + frame("request_channel", 0, 1, 0, 3) + frame("request_n", 1, 0, 0, 9)
                          + WRITE_ALL,
    "cancelled_reply_is_late": server() + setup() + ASK + step("cancel", 0) + WRITE_ALL
                               + frame("payload", 0, 0, 9, flag=SET),
    "reply_error": server() + setup() + ASK + frame("error", 0, *word(0x201), 2, 104, 105),
    "reply_after_cancel_of_peer": server() + setup() + request("request_response", 0, 3)
                                  + frame("cancel", 1, 0) + ANSWER + WRITE_ALL,
    "flood_without_reading": server(SMALL_QUEUE) + setup()
                             + b"".join(frame("request_stream", 0, i, 0, 1, 0, 0)
                                        for i in range(12)) + step("write", 3) + WRITE_ALL,
    "no_room_for_a_reply": server() + setup() + ASK + step("no_room") + reply(210) + WRITE_ALL,
    "unasked_long_payload": server() + setup() + step("split", 0) + reply(210)
                            + request("request_fnf", 3, 7),
    "extension": server() + setup() + frame("extension", 1, 0, 0, 0, 0, 0, flag=SET)
                 + frame("extension", 1, 0, 0, 0, 0, 0) + WRITE_ALL,
    "lease_and_metadata_push": server() + setup() + frame("lease", 0, 3)
                               + frame("metadata_push", 2, 1, 1) + ASK + WRITE_ALL,
    "byte_by_byte": server() + step("split", 0) + setup() + request("request_response", 0, 100)
                    + ANSWER + WRITE_ALL,
    "messages": server(messages=1) + setup() + step("raw_frame", 3, 0, 0, 0) + WRITE_ALL,
    "http": server() + step("raw_bytes", 18, *b"GET / HTTP/1.1\r\n\r\n") + WRITE_ALL,
    "short_frame": server() + setup() + step("raw_frame", 5, 0, 0, 0, 1, 0x28) + WRITE_ALL,
    "unknown_types": server() + setup() + step("raw_frame", 6, 0, 0, 0, 1, 0x52, 0)
                     + step("raw_frame", 6, 0, 0, 0, 1, 0x50, 0) + WRITE_ALL,
    "frame_error": client() + ASK + step("frame_error") + WRITE_ALL,
    "close_flushes": client() + ASK + step("close") + ASK + WRITE_ALL,
    "reader_pauses_in_a_frame": server(SMALL_QUEUE) + setup() + step("split", 2)
                                + frame("keepalive", 0, 0, 7, 100, *([1] * 100))
                                + request("request_fnf", 0, 30) + step("write", 1),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent / "corpus" / "connection"
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in SCRIPTS.items():
        (folder / name).write_bytes(script)
