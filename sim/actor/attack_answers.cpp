// The attacks that answer a scrape's request, each in a way of its own.
#include <algorithm>
#include <memory>
#include <utility>

#include "envelope/aes.h"
#include "envelope/envelope.h"
#include "sim/actor/attack.h"
#include "sim/actor/shard_random.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using base::as_bytes;
using envelope::Sealed;
using peer::framed;
using rsocket::StreamId;

constexpr std::string_view kFamily = "# TYPE other_hostile gauge\nother_hostile 1\n";

std::string reply(StreamId stream, base::ByteView metadata, base::ByteView data) {
  return framed(rsocket::Frame{
      stream, rsocket::PayloadFrame{
                  .follows = false, .complete = true, .next = true, .payload = {metadata, data}}});
}

std::string reply(StreamId stream, const Sealed& sealed) {
  return reply(stream, sealed.metadata, sealed.data);
}

// For the key that came with the question, or nothing if that is none.
std::shared_ptr<const envelope::PublicKey> key_of(const Question& question) {
  auto key = question.shard.keys.read_public_key(question.key);
  return key ? *key : nullptr;
}

Sealed seal(const Question& question, std::string_view text) {
  const auto key = key_of(question);
  if (!key) return {};
  ShardRandom random(question.shard.random);
  return envelope::seal(text, *key, random).value();
}

// Under a key that is wrapped as it should be: `compressed` in place of Snappy's output.
Sealed seal_instead(const Question& question, base::Bytes compressed, bool pads) {
  const auto key = key_of(question);
  if (!key) return {};
  ShardRandom random(question.shard.random);
  envelope::AesKey aes;
  random.fill(aes.bytes);
  Sealed sealed{key->wrap(aes, random).value(), std::move(compressed)};
  if (pads) envelope::encrypt_padded(aes, sealed.data);
  return sealed;
}

// A byte of the modulus is another one, or of the number in a stand-in for a key (sim/keys.h).
base::Bytes another_key(base::ByteView der) {
  base::Bytes other = base::copy(der);
  const std::size_t at = !other.empty() && other.front() == std::byte{0x30} ? 100 : 20;
  if (at < other.size()) other[at] ^= std::byte{1};
  return other;
}

// After SETUP it keeps its connection alive for a few scrapes.
Attack answering(std::string_view name, std::function<std::string(const Question&)> answer) {
  const std::string setup = framed(rsocket::Frame{rsocket::kConnectionStream, peer::setup_frame()});
  const std::string keepalive =
      framed(rsocket::Frame{rsocket::kConnectionStream, rsocket::KeepaliveFrame{true, 0, {}}});
  return {.name = name,
          .steps = {{setup, 1, 20s}, {keepalive, 4, 20s}},
          .answer = std::move(answer),
          .stays = 0s};
}

Attack answering_text(std::string_view name, std::string text) {
  return answering(name, [text = std::move(text)](const Question& question) {
    return reply(question.stream, seal(question, text));
  });
}

std::string fragmented(const Question& question) {
  const Sealed sealed = seal(question, kFamily);
  const base::ByteView data = sealed.data;
  std::string bytes = framed(rsocket::Frame{
      question.stream, rsocket::PayloadFrame{.follows = true,
                                             .complete = false,
                                             .next = true,
                                             .payload = {sealed.metadata, data.first(1)}}});
  for (std::size_t i = 1; i < data.size(); ++i) {
    const bool last = i + 1 == data.size();
    bytes += framed(rsocket::Frame{question.stream,
                                   rsocket::PayloadFrame{.follows = !last,
                                                         .complete = last,
                                                         .next = true,
                                                         .payload = {{}, data.subspan(i, 1)}}});
  }
  return bytes;
}

}  // namespace

std::vector<Attack> attacks_by_answers() {
  Attack dying = answering("dies_in_the_middle_of_a_reply", [](const Question& question) {
    const std::string whole = reply(question.stream, seal(question, kFamily));
    return whole.substr(0, whole.size() / 2);
  });
  dying.dies_after_answer = true;
  return {
      answering("never_replies", {}),
      answering_text("family_of_its_own", std::string(kFamily)),
      answering("family_of_its_own_in_clear",
                [](const Question& question) {
                  return reply(question.stream, as_bytes(envelope::kPlaintext), as_bytes(kFamily));
                }),
      answering("replies_twice",
                [](const Question& question) {
                  const std::string once = reply(question.stream, seal(question, kFamily));
                  return once + once;
                }),
      // The answer to a question comes when the next has been asked.
      answering("replies_late",
                [](const Question& question) {
                  if (question.number == 1) return std::string();
                  return reply(StreamId{question.stream.value - 2}, seal(question, kFamily));
                }),
      answering("replies_to_others",
                [](const Question& question) {
                  const Sealed sealed = seal(question, kFamily);
                  return reply(StreamId{question.stream.value + 2}, sealed) +
                         reply(StreamId{question.stream.value + 1}, sealed);
                }),
      answering("reply_of_one_byte_fragments", fragmented),
      answering("error_for_reply",
                [](const Question& question) {
                  return framed(rsocket::Frame{
                      question.stream, rsocket::ErrorFrame{rsocket::ErrorCode::kApplicationError,
                                                           "\xff not UTF-8 \x01"}});
                }),
      answering("sealed_for_another_key",
                [](const Question& question) {
                  const base::Bytes other = another_key(question.key);
                  const Question altered{question.shard, question.stream, other, question.number};
                  return reply(question.stream, seal(altered, kFamily));
                }),
      answering("bad_padding",
                [](const Question& question) {
                  return reply(question.stream,
                               seal_instead(question, base::Bytes(64, std::byte{0x5a}), false));
                }),
      answering("bad_wrapped_key",
                [](const Question& question) {
                  Sealed sealed = seal(question, kFamily);
                  std::ranges::fill(sealed.metadata, std::byte{0x77});
                  return reply(question.stream, sealed);
                }),
      answering("snappy_bomb",
                [](const Question& question) {
                  // Claims 4 GiB - 1, then one literal.
                  base::Bytes bomb = base::copy(as_bytes("\xff\xff\xff\xff\x0f\x00x"s));
                  return reply(question.stream, seal_instead(question, std::move(bomb), true));
                }),
      answering("snappy_cut_short",
                [](const Question& question) {
                  return reply(
                      question.stream,
                      seal_instead(question, base::copy(as_bytes("\x20\x7cshort"s)), true));
                }),
      answering_text("malformed_text", "other_hostile{name=\"unended} 1\n"),
      answering_text("text_not_utf8", "other_hostile{name=\"\xff\xfe\"} 1\n"),
      answering_text("text_with_nul", "\0other_hostile 1\n"s),
      answering_text("text_without_end", "other_hostile 1"),
      answering_text("empty_text", ""),
      std::move(dying),
  };
}

}  // namespace prometheus_rsocket::sim::actor
