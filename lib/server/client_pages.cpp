#include "server/client_pages.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/probe.h"
#include "server/forwarded_for.h"
#include "server/limits.h"
#include "server/most_waiting.h"
#include "server/page.h"

namespace prometheus_rsocket::server {
namespace {

namespace json = boost::json;

constexpr std::string_view kJson = "application/json; charset=utf-8";

unsigned status_of(const ScrapeRecord& record) {
  if (record.outcome == PullOutcome::kSuccess) return 200;
  return record.outcome == PullOutcome::kError ? 502 : 504;
}

std::string_view word(PullOutcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

std::string_view word(transport::TransportKind kind) {
  return kTransportNames[static_cast<std::size_t>(kind)];
}

double seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

// RFC 3339, in UTC, with milliseconds.
std::string timestamp(base::WallTime time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(milliseconds - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

// A host and perhaps a port, as they stand in a URL: what Prometheus may be sent to.
bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

std::string path_of(std::string_view id) {
  std::string path = "/metrics/clients/";
  for (const char c : id) {
    const bool is_plain = c != '[' && c != ']' && c != '%';
    if (is_plain) {
      path += c;
    } else {
      path += c == '[' ? "%5B" : c == ']' ? "%5D" : "%25";
    }
  }
  return path;
}

json::object target(std::string_view address, json::object labels) {
  return {{"targets", json::array{address}}, {"labels", std::move(labels)}};
}

json::object target_of(const Registry::Entry& entry, std::string_view address) {
  json::object labels{{"__metrics_path__", path_of(entry.id)}};
  // Without a name it is told from others by its address.
  labels["instance"] = entry.info.identity ? entry.info.identity->instance : entry.id;
  labels["__meta_prometheus_rsocket_address"] = client_text(entry.info.address);
  labels["__meta_prometheus_rsocket_transport"] = word(entry.info.transport);
  if (entry.info.identity) {
    labels["job"] = entry.info.identity->job;
    for (const auto& [name, value] : entry.info.identity->labels) {
      labels["__meta_prometheus_rsocket_label_" + name] = value;
    }
  }
  return target(address, std::move(labels));
}

class Table {
 public:
  explicit Table(const runtime::Clock& clock) : now_(clock.now()), wall_now_(clock.wall_now()) {}

  [[nodiscard]] json::object row(const Registry::Entry& entry) const {
    json::object row{{"id", entry.id},
                     {"address", client_text(entry.info.address)},
                     {"transport", word(entry.info.transport)},
                     {"connected_at", wall(entry.info.connected_at)}};
    if (entry.info.identity) {
      row["job"] = entry.info.identity->job;
      row["instance"] = entry.info.identity->instance;
      row["labels"] = json::value_from(entry.info.identity->labels);
      row["shares_name"] = entry.shares_name;
    }
    if (!entry.info.credential.empty()) row["credential"] = entry.info.credential;
    if (!entry.info.identity_error.empty()) row["identity_error"] = entry.info.identity_error;
    if (entry.last_scrape) row["last_scrape"] = scrape(*entry.last_scrape);
    return row;
  }

 private:
  [[nodiscard]] json::object scrape(const ScrapeRecord& record) const {
    json::object scrape{{"outcome", word(record.outcome)},
                        {"at", wall(record.at)},
                        {"duration_seconds", seconds(record.took)},
                        {"payload_bytes", record.payload_bytes},
                        {"samples", record.samples}};
    if (!record.reason.empty()) scrape["reason"] = record.reason;
    if (record.is_refused) scrape["quarantined"] = true;
    return scrape;
  }
  [[nodiscard]] std::string wall(base::Instant at) const {
    return timestamp(wall_now_ - std::chrono::duration_cast<base::WallTime::duration>(now_ - at));
  }

  base::Instant now_;
  base::WallTime wall_now_;
};

// A list in pieces: after each the place is found again, for who is on it may change meanwhile.
// `write` gives nothing for who is not on it. `more` gives further members by number, behind the
// clients, an empty one for who is not on it, and nothing at the end.
template <class Write, class More>
http::Exchange::BodySource in_pieces(const Registry& registry, std::string begin, Write write,
                                     More more, std::string end) {
  return [&registry, begin = std::move(begin), write = std::move(write), more = std::move(more),
          end = std::move(end), last = std::optional<Seniority>(), next_more = std::size_t{0},
          is_first = true, has_ended = false](std::string& out) mutable {
    if (has_ended) return false;
    out += std::exchange(begin, {});
    const std::size_t size = out.size();
    const auto is_full = [&] { return out.size() - size > exposition::kChunkBytes; };
    const auto add = [&](const std::optional<json::object>& member) {
      if (!member || member->empty()) return;
      if (!std::exchange(is_first, false)) out += ",\n";
      out += json::serialize(*member);
    };
    const auto& clients = registry.clients();
    auto next = last ? clients.upper_bound(*last) : clients.begin();
    for (std::size_t i = 0; i < kClientsPerPiece && next != clients.end() && !is_full(); ++i) {
      add(write(next->first.second, next->second));
      last = next->first;
      ++next;
    }
    if (next != clients.end()) return true;
    while (!is_full() && !has_ended) {
      const std::optional<json::object> member = more(next_more++);
      add(member);
      if (!member) out += end;
      has_ended = !member;
    }
    return true;
  };
}

}  // namespace

void ClientPages::handle_client(const ExchangePtr& exchange, std::string_view id,
                                const std::string& who, const Arrival& arrival) {
  const http::Request& request = exchange->request();
  const auto client = services_.registry.find(id);
  if (!client && services_.registry.find_departed(id, shard_.clock.now()) != nullptr) {
    base::reached(base::Probe::kDepartedAsked);
    return respond(*exchange, 504, "that client's connection is lost\n");
  }
  if (!client) return respond(*exchange, 404, "no client has that id\n");
  Negotiated negotiated = negotiate(request.header("accept").value_or(""));
  negotiated.format.honor_timestamps = config_.scrape_honor_timestamps;
  if (request.method == "HEAD") {  // nobody is asked
    return exchange->stream({.content_type = std::move(negotiated.content_type)},
                            [](std::string&) { return false; });
  }
  exchange->set_deadline(arrival.page_until());
  const auto& last = services_.registry.find(*client)->last_scrape;
  const bool was_late = last && last->outcome == PullOutcome::kTimeout;
  const std::uint64_t number = next_number_++;
  Waiting& waiting = waiting_[number];
  waiting = {who, exchange, std::move(negotiated), *client, was_late};
  waiting.pull = services_.pulls.pull(*client, arrival.pull_until(),
                                      [this, number](PullId, const Reply& reply) {
                                        auto answered = waiting_.extract(number);
                                        if (answered) answer(answered.mapped(), reply);
                                      });
  if (waiting_.size() > kClientPagesWaitingMax) refuse_one();
}

// Those who wait have a connection each, which nobody else can have.
void ClientPages::refuse_one() {
  const Waiting refused = std::move(waiting_.extract(least_likely()).mapped());
  services_.pulls.forget(refused.pull);
  respond(*refused.exchange, 503, "too many wait for single clients to answer\n");
}

// Of whoever has the most waiting, the one that is the least likely to be heard, or answered. One
// that asks for the same page later has given up on the one before, as does a Prometheus whose
// proxy stood still: of these the oldest goes. Then who waits for a client that was late the last
// time; of them, and of all others, the newest, so that slow clients are answered.
ClientPages::Place ClientPages::least_likely() {
  const auto count = counter_of_same(waiting_, [](const auto& entry) { return entry.second.who; });
  std::set<std::pair<std::string_view, ConnectionId>> asked_later;
  Place least = waiting_.begin();
  std::tuple<std::size_t, bool, bool, std::uint64_t> highest;
  for (auto it = waiting_.rbegin(); it != waiting_.rend(); ++it) {
    const auto& [number, waiting] = *it;
    const bool is_repeated = !asked_later.insert({waiting.who, waiting.client}).second;
    const std::tuple rank{count(*it), is_repeated, waiting.was_late,
                          is_repeated ? ~number : number};
    if (rank < highest) continue;
    highest = rank;
    least = std::prev(it.base());
  }
  return least;
}

bool ClientPages::make_room(const std::string& who, std::uint64_t bytes) {
  const std::uint64_t wanted = pages_.weight() + bytes;
  const std::uint64_t max = config_.page_bytes_max;
  return wanted <= max || pages_.give_way_to(who, wanted - max);
}

void ClientPages::answer(const Waiting& waiting, const Reply& reply) {
  const ExchangePtr& exchange = waiting.exchange;
  const unsigned status = status_of(reply.record);
  if (status != 200) return respond(*exchange, status, reply.record.reason + "\n");
  const std::uint64_t bytes = reply.exposition->page_bytes();
  if (!make_room(waiting.who, bytes)) {
    return respond(*exchange, 503, "too much is being written: --scrape.max-bytes\n");
  }
  auto place = pages_.add(waiting.who, bytes, exchange);
  auto page =
      std::make_shared<Page>(std::vector<Reply>{reply}, std::vector<push::Push>(),
                             config_.page_bytes_max, waiting.negotiated.format, services_.hash_key);
  exchange->stream({.content_type = waiting.negotiated.content_type},
                   [this, pull = waiting.pull.pull, place = std::move(place),
                    page = std::move(page)](std::string& out) {
                     if (page->write(out)) return true;
                     services_.delivered(pull);
                     return false;
                   });
}

void ClientPages::handle_discovery(const ExchangePtr& exchange) {
  const std::string address = config_.web_external_address.empty()
                                  ? std::string(exchange->request().header("host").value_or(""))
                                  : config_.web_external_address;
  if (!is_address(address)) {
    return respond(*exchange, 400, "Host is no address: set --web.external-address\n");
  }
  // Pushes are a target too, and who vanished not long ago, so that its `up` is 0.
  const base::Instant now = shard_.clock.now();
  const auto& registry = services_.registry;
  const auto write = [address, &registry](ConnectionId client, const Registry::Entry& entry) {
    const bool is_on_it = registry.stands_for_its_id(client);
    return is_on_it ? std::optional(target_of(entry, address)) : std::nullopt;
  };
  auto more = [address, now, &registry, departed = registry.departed(now)](
                  std::size_t number) -> std::optional<json::object> {
    if (number > departed.size()) return std::nullopt;
    if (number == departed.size()) {
      return target(address, {{"__metrics_path__", "/metrics/pushes"}, {"instance", "pushes"}});
    }
    const auto* const entry = registry.find_departed(departed[number], now);
    return entry == nullptr ? json::object() : target_of(*entry, address);
  };
  exchange->stream({.content_type = std::string(kJson)},
                   in_pieces(registry, "[", write, std::move(more), "]\n"));
}

void ClientPages::handle_table(const ExchangePtr& exchange) {
  const auto write = [table = Table(shard_.clock)](ConnectionId, const Registry::Entry& entry) {
    return entry.is_retired ? std::nullopt : std::optional(table.row(entry));
  };
  const auto more = [](std::size_t) { return std::optional<json::object>(); };
  exchange->stream(
      {.content_type = std::string(kJson)},
      in_pieces(services_.registry, "{\"status\":\"success\",\"data\":[", write, more, "]}\n"));
}

}  // namespace prometheus_rsocket::server
