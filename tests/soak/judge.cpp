#include "judge.h"

namespace prometheus_rsocket::soak {
namespace {

constexpr Round kUntilSeen = 2;

bool must_be_there(const Life& life, Round round) {
  return life.ready && *life.ready + kUntilSeen <= round && (!life.left || *life.left > round);
}

bool is_gone(const Life& life, Round round) {
  return life.left && *life.left + kUntilSeen <= round;
}

template <class Key>
std::size_t count_of(const std::map<Key, std::size_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void Judge::judge_clients(const Page& page, Round round) {
  const std::string where = "round " + std::to_string(round) + ": ";
  if (!page.fault.empty()) fail(where + page.fault);
  for (const auto& [number, samples] : page.samples_of_client) {
    if (number >= lives_.size()) return fail(where + "nobody is number " + std::to_string(number));
  }
  for (Number number = 0; number < lives_.size(); ++number) {
    const std::size_t samples = count_of(page.samples_of_client, number);
    const std::string who = where + "client " + std::to_string(number);
    if (samples != 0 && samples != samples_each_) {
      fail(who + " has " + std::to_string(samples) + " samples");
    } else if (samples == 0 && must_be_there(lives_[number], round)) {
      fail(who + " is missing");
    } else if (samples != 0 && is_gone(lives_[number], round)) {
      fail(who + " is gone and shown");
    }
  }
}

void Judge::judge_pushes(const std::string& scraper, const Page& page) {
  auto& shown = shown_[scraper];
  for (const auto& [number, samples] : page.samples_of_push) {
    const std::string what = "push " + std::to_string(number) + " for " + scraper;
    const bool is_pushed = number < lives_.size() && lives_[number].departure == Departure::kPush;
    if (!is_pushed) fail(what + ": nobody pushed it");
    if (samples != kPushSamples) fail(what + " has " + std::to_string(samples) + " samples");
    if (++shown[number] > 1) fail(what + " is shown again");
  }
}

void Judge::judge_list(const List& list, Round round) {
  const std::string where = "round " + std::to_string(round) + ", a list: ";
  if (!list.fault.empty()) return fail(where + list.fault);
  for (const Life& life : lives_) {
    if (life.instance.empty()) continue;
    const std::size_t times = count_of(list.instances, life.instance);
    if (must_be_there(life, round) && times != 1) {
      fail(where + life.instance + " is there " + std::to_string(times) + " times");
    }
    // Who was cut off is a target until --sd.grace is over.
    if (is_gone(life, round) && life.departure != Departure::kCut && times != 0) {
      fail(where + life.instance + " has said goodbye and is there");
    }
  }
}

void Judge::judge_end() {
  for (const auto& [scraper, shown] : shown_) {
    for (Number number = 0; number < lives_.size(); ++number) {
      if (lives_[number].has_pushed && !shown.contains(number)) {
        fail("push " + std::to_string(number) + " was never shown to " + scraper);
      }
    }
  }
}

}  // namespace prometheus_rsocket::soak
