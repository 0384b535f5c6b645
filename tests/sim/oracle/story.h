// Histories written by hand so that a test reads as a story, and what an oracle makes of them.
//
//   Story story;
//   story.at(0s).proxy(0).client(1).at(60s).scrape(0, {1});
//   EXPECT_THAT(story.judged("1-provenance"), IsEmpty());
//
// Entries may be told in any order; they are sorted by their times. A client is named by its
// instance: its latest incarnation is meant.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/history.h"
#include "sim/oracle/oracle.h"

namespace prometheus_rsocket::sim::oracle {

using namespace std::chrono_literals;
using base::Duration;
using base::Instant;
using history::Incarnation;
using history::InstanceId;
using history::KeyId;
using history::Place;
using history::ProxyId;
using history::ScrapeId;
using history::ScraperId;

inline constexpr Instant kStart{1h};

using Lines = std::vector<history::ShownSample>;
Lines operator+(Lines a, const Lines& b);

class Story {
 public:
  Story();

  history::Rules rules;  // 15 s between scrapes, round trips of 100 ms, a lifetime of 20 s, …

  Story& at(Duration since_start);
  Story& note(history::What what);
  Story& note_after(Duration delay, history::What what);

  // ---- Who lives
  Story& proxy(std::uint32_t number);  // starts, and makes a key
  Story& proxy_key(std::uint32_t number, KeyId key);
  Story& proxy_drains(std::uint32_t number);
  Story& proxy_ends(std::uint32_t number, history::ProxyEnd how = history::ProxyEnd::kKilled);
  Story& start(std::uint32_t client, history::ClientKind kind = history::ClientKind::kOurs);
  Story& ends(std::uint32_t client, history::ClientEnd how);
  Story& dials(std::uint32_t client);
  Story& dial_fails(std::uint32_t client);
  // Dials, and is given its key. `connection`: for clients that have several at once.
  Story& connects(std::uint32_t client, std::uint32_t proxy = 0, std::uint64_t connection = 0);
  Story& asked_to_leave(std::uint32_t client, std::uint64_t connection = 0);
  Story& goes_elsewhere(std::uint32_t client, std::uint64_t connection = 0);
  Story& disconnects(std::uint32_t client, std::uint64_t connection = 0);
  // Starts and connects.
  Story& client(std::uint32_t client, std::uint32_t proxy = 0,
                history::ClientKind kind = history::ClientKind::kOurs);
  // Starts as another process under that client's name, and connects.
  Story& impostor(std::uint32_t client, std::uint32_t name, std::uint32_t proxy = 0);
  [[nodiscard]] Incarnation who(std::uint32_t client) const;

  // ---- What they do
  Story& sample(std::uint32_t client);                    // a text of two lines
  [[nodiscard]] Lines lines(std::uint32_t client) const;  // of its latest text
  Story& push_begins(std::uint32_t client,
                     history::PushKind kind = history::PushKind::kAcknowledged);
  Story& push_stored(std::uint32_t client, std::uint32_t proxy = 0);
  Story& push_ends(std::uint32_t client, bool ok = true);
  // All three within 20 ms, and the client leaves.
  Story& pushes(std::uint32_t client, std::uint32_t proxy = 0);

  // ---- Scrapes: each takes 10 ms and is confirmed 10 ms later.
  // The samples of these clients are taken while it lasts.
  Story& scrape(std::uint32_t proxy, const std::vector<std::uint32_t>& clients);
  // Every interval from now until then, the first now.
  Story& scrapes(std::uint32_t proxy, const std::vector<std::uint32_t>& clients, Duration until);
  Story& page(std::uint32_t proxy, Lines lines, const std::string& trouble = "");
  Story& unconfirmed_page(std::uint32_t proxy, Lines lines);
  Story& failed_scrape(std::uint32_t proxy, history::ScrapeResult result, int status = 0,
                       Duration lasts = 10ms);
  Story& by(std::uint32_t scraper);  // whose the scrapes are that follow
  Story& of(history::Page page);     // what they ask for: /metrics/connected, unless told
  // … a client's own page, by its name; it has this status, and nobody on it unless that is 200.
  Story& client_page(std::uint32_t proxy, std::uint32_t name, int status,
                     const std::vector<std::uint32_t>& shown = {});

  // ---- Lists: read within 10 ms.
  Story& list(std::uint32_t proxy, std::vector<history::Listed> clients,
              history::List list = history::List::kTargets, int status = 200);
  Story& sd(std::uint32_t proxy, const std::vector<std::uint32_t>& names);  // each at its own place

  // ---- What is broken
  Story& fault(const std::vector<Place>& places, Duration length,
               history::FaultEffect effect = history::FaultEffect::kTraffic);
  Story& heal(const std::vector<Place>& broken = {});

  [[nodiscard]] history::History history() const;
  // What one oracle found, each as `60010 ms: scrape 0 …`. The run ends with the last entry.
  [[nodiscard]] std::vector<std::string> judged(std::string_view oracle) const;

 private:
  ScrapeId answer(std::uint32_t proxy, Duration lasts, history::ScrapeEnded ended);

  Instant now_ = kStart;
  std::uint32_t scraper_ = 0;
  history::Page page_;
  std::uint64_t scrapes_ = 0;
  std::uint64_t faults_ = 0;
  std::map<std::uint32_t, std::uint32_t> incarnations_;
  std::map<std::uint32_t, Lines> texts_;
  std::map<std::uint32_t, std::uint64_t> sequences_;
  std::vector<history::Entry> entries_;
};

[[nodiscard]] inline Place client_place(std::uint32_t n) { return {Place::Kind::kClient, n}; }
[[nodiscard]] inline Place proxy_place(std::uint32_t n) { return {Place::Kind::kProxy, n}; }
[[nodiscard]] inline Place scraper_place(std::uint32_t n) { return {Place::Kind::kScraper, n}; }
// As a list has it: ID 100 + name.
[[nodiscard]] history::Listed listed(std::uint32_t name, const Place& at);
inline constexpr Place kBalancer{Place::Kind::kLoadBalancer, 0};

}  // namespace prometheus_rsocket::sim::oracle
