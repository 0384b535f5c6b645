#include "story.h"

#include <algorithm>

#include "sim/oracle/index.h"

namespace prometheus_rsocket::sim::oracle {

Lines operator+(Lines a, const Lines& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Story::Story() {
  rules.start = kStart;
  rules.scrape_interval = 15s;
  rules.redial_spread = 5s;
  rules.first_backoff = 2s;
  rules.max_backoff = 60s;
  rules.jitter_percent = 50;
  rules.stable_time = 30s;
  rules.lifetime = 20s;
  rules.round_trip_max = 100ms;
  rules.shutdown_grace = 30s;
  rules.departed_grace = 60s;
  rules.answer_max = 50ms;
}

Story& Story::at(Duration since_start) {
  now_ = kStart + since_start;
  return *this;
}

Story& Story::note(history::What what) { return note_after(0s, std::move(what)); }

Story& Story::note_after(Duration delay, history::What what) {
  entries_.push_back({now_ + delay, std::move(what)});
  return *this;
}

Story& Story::proxy(std::uint32_t number) {
  note(history::ProxyStarted{ProxyId{number}});
  return proxy_key(number, KeyId{number});
}

Story& Story::proxy_key(std::uint32_t number, KeyId key) {
  return note(history::ProxyKeyMade{ProxyId{number}, key});
}

Story& Story::proxy_drains(std::uint32_t number) {
  return note(history::ProxyDraining{ProxyId{number}});
}

Story& Story::proxy_ends(std::uint32_t number, history::ProxyEnd how) {
  return note(history::ProxyEnded{ProxyId{number}, how});
}

Story& Story::start(std::uint32_t client, history::ClientKind kind) {
  ++incarnations_[client];
  return note(history::ClientStarted{who(client), kind});
}

Story& Story::ends(std::uint32_t client, history::ClientEnd how) {
  return note(history::ClientEnded{who(client), how});
}

Story& Story::dials(std::uint32_t client) { return note(history::DialBegan{who(client)}); }

Story& Story::dial_fails(std::uint32_t client) { return note(history::DialFailed{who(client)}); }

Story& Story::connects(std::uint32_t client, std::uint32_t proxy, std::uint64_t connection) {
  dials(client);
  note(history::Accepted{ProxyId{proxy}});
  note(history::Connected{who(client), connection});
  return note(history::KeyGiven{who(client), KeyId{proxy}, connection});
}

Story& Story::asked_to_leave(std::uint32_t client, std::uint64_t connection) {
  return note(history::AskedToLeave{who(client), connection});
}

Story& Story::goes_elsewhere(std::uint32_t client, std::uint64_t connection) {
  return note(history::GoneElsewhere{who(client), connection});
}

Story& Story::disconnects(std::uint32_t client, std::uint64_t connection) {
  return note(history::Disconnected{who(client), connection});
}

Story& Story::client(std::uint32_t client, std::uint32_t proxy, history::ClientKind kind) {
  return start(client, kind).connects(client, proxy);
}

Story& Story::impostor(std::uint32_t client, std::uint32_t name, std::uint32_t proxy) {
  start(client).note(history::NameClaimed{who(client), InstanceId{name}});
  return connects(client, proxy);
}

Incarnation Story::who(std::uint32_t client) const {
  return {InstanceId{client}, incarnations_.at(client)};
}

Story& Story::sample(std::uint32_t client) {
  const std::uint64_t sequence = ++sequences_[client];
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now_ - kStart).count();
  texts_[client] = {{who(client), 0, sequence, us}, {who(client), 1, sequence, us}};
  return note(history::Sampled{who(client), sequence, 2});
}

Lines Story::lines(std::uint32_t client) const { return texts_.at(client); }

Story& Story::push_begins(std::uint32_t client, history::PushKind kind) {
  sample(client);
  return note(history::PushBegan{who(client), sequences_[client], kind, 5s});
}

Story& Story::push_stored(std::uint32_t client, std::uint32_t proxy) {
  return note(history::PushStored{ProxyId{proxy}, who(client), sequences_[client]});
}

Story& Story::push_ends(std::uint32_t client, bool ok) {
  return note(history::PushEnded{who(client), sequences_[client], ok});
}

Story& Story::pushes(std::uint32_t client, std::uint32_t proxy) {
  push_begins(client);
  now_ += 10ms;
  push_stored(client, proxy);
  now_ += 10ms;
  return push_ends(client).disconnects(client).ends(client, history::ClientEnd::kLeft);
}

Story& Story::scrape(std::uint32_t proxy, const std::vector<std::uint32_t>& clients) {
  const Instant began = now_;
  now_ += 5ms;
  Lines all;
  for (const std::uint32_t client : clients) all = std::move(all) + sample(client).lines(client);
  now_ = began;
  return page(proxy, std::move(all));
}

Story& Story::scrapes(std::uint32_t proxy, const std::vector<std::uint32_t>& clients,
                      Duration until) {
  for (; now_ <= kStart + until; now_ += rules.scrape_interval) scrape(proxy, clients);
  return *this;
}

Story& Story::page(std::uint32_t proxy, Lines lines, const std::string& trouble) {
  const ScrapeId scrape = answer(
      proxy, 10ms, {{}, {}, {}, history::ScrapeResult::kWhole, 200, std::move(lines), trouble});
  return note_after(20ms, history::ScrapeConfirmed{scrape});
}

Story& Story::unconfirmed_page(std::uint32_t proxy, Lines lines) {
  answer(proxy, 10ms, {{}, {}, {}, history::ScrapeResult::kWhole, 200, std::move(lines), ""});
  return *this;
}

Story& Story::failed_scrape(std::uint32_t proxy, history::ScrapeResult result, int status,
                            Duration lasts) {
  answer(proxy, lasts, {{}, {}, {}, result, status, {}, ""});
  return *this;
}

ScrapeId Story::answer(std::uint32_t proxy, Duration lasts, history::ScrapeEnded ended) {
  ended.scrape = ScrapeId{scrapes_++};
  ended.scraper = ScraperId{scraper_};
  ended.proxy = ProxyId{proxy};
  note(history::ScrapeBegan{ended.scrape, ended.scraper, ended.proxy, 10s, false, page_});
  const ScrapeId scrape = ended.scrape;
  note_after(lasts, std::move(ended));
  return scrape;
}

Story& Story::by(std::uint32_t scraper) {
  scraper_ = scraper;
  return *this;
}

Story& Story::of(history::Page page) {
  page_ = page;
  return *this;
}

Story& Story::client_page(std::uint32_t proxy, std::uint32_t name, int status,
                          const std::vector<std::uint32_t>& shown) {
  of({history::View::kClient, InstanceId{name}});
  if (status == 200) {
    scrape(proxy, shown);
  } else {
    failed_scrape(proxy, history::ScrapeResult::kWhole, status);
  }
  return of({});
}

Story& Story::list(std::uint32_t proxy, std::vector<history::Listed> clients, history::List list,
                   int status) {
  return note_after(10ms, history::ListRead{ScraperId{scraper_}, ProxyId{proxy}, list, now_, status,
                                            std::move(clients), true, ""});
}

Story& Story::sd(std::uint32_t proxy, const std::vector<std::uint32_t>& names) {
  std::vector<history::Listed> clients;
  for (const std::uint32_t name : names) clients.push_back(listed(name, client_place(name)));
  return list(proxy, std::move(clients));
}

history::Listed listed(std::uint32_t name, const Place& at) {
  return {history::TargetId{100 + name}, InstanceId{name}, at};
}

Story& Story::fault(const std::vector<Place>& places, Duration length,
                    history::FaultEffect effect) {
  const history::FaultId fault{faults_++};
  note(history::FaultBegan{fault, "fault", places, effect});
  return note_after(length, history::FaultEnded{fault});
}

Story& Story::heal(const std::vector<Place>& broken) { return note(history::Healed{broken}); }

history::History Story::history() const {
  history::History history{rules, entries_};
  std::ranges::stable_sort(history.entries, {}, &history::Entry::at);
  return history;
}

std::vector<std::string> Story::judged(std::string_view oracle) const {
  const history::History history = this->history();
  const Index index(history);
  std::vector<std::string> found;
  for (const Violation& violation : oracle_named(oracle).judge(index)) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(violation.at - kStart);
    found.push_back(std::to_string(ms.count()) + " ms: " + violation.what);
    if (violation.oracle != oracle) found.push_back("under another name: " + violation.oracle);
  }
  return found;
}

}  // namespace prometheus_rsocket::sim::oracle
