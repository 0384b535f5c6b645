#include "sim/oracle/index_reader.h"

#include <algorithm>
#include <variant>

#include "base/check.h"

namespace prometheus_rsocket::sim::oracle {

void IndexReader::read() {
  // Keys first: a connection's proxy is known as soon as a key came on it.
  for (const history::Entry& entry : index_.entries()) {
    if (const auto* made = std::get_if<history::ProxyKeyMade>(&entry.what)) {
      index_.keys_.emplace(made->key, made->proxy);
    }
  }
  for (const history::Entry& entry : index_.entries()) {
    now_ = entry.at;
    std::visit([this](const auto& what) { take(what); }, entry.what);
  }
  index_.end_ = now_;
  for (auto& [id, scrape] : index_.scrapes_) {
    index_.scrapes_of_[scrape.proxy].push_back(&scrape);
    if (!scrape.good()) continue;
    scrape.doubtful = is_doubtful(scrape);
    scrape.may_hold_garbled_push = may_hold_garbled_push(scrape);
    sort_out(scrape);
  }
  for (auto& [proxy, scrapes] : index_.scrapes_of_) {
    std::ranges::stable_sort(scrapes, {}, &Scrape::began);
  }
}

Life& IndexReader::life(const Incarnation& who) {
  const auto found = index_.lives_.find(who);
  CHECK(found != index_.lives_.end(), "a client does something only after it started");
  return found->second;
}

ProxyLife* IndexReader::present(ProxyId proxy) {
  auto& lives = index_.proxies_[proxy];
  return lives.empty() || lives.back().end ? nullptr : &lives.back();
}

void IndexReader::attempt(const Incarnation& who, Attempt::Kind kind, std::uint64_t connection) {
  life(who).attempts.push_back({now_, kind, connection});
}

void IndexReader::end_session(Session& session, Session::End end) const {
  if (session.end != Session::End::kOpen) return;
  session.ended = now_;
  session.end = end;
}

Session* IndexReader::session(Life& of, std::uint64_t number) {
  const auto found =
      std::ranges::find(of.sessions.rbegin(), of.sessions.rend(), number, &Session::number);
  return found == of.sessions.rend() ? nullptr : &*found;
}

void IndexReader::take(const history::ClientStarted& e) {
  Life fresh;
  fresh.began = now_;
  fresh.who = e.who;
  fresh.kind = e.kind;
  fresh.name = e.who.instance;
  const bool first = index_.lives_.emplace(e.who, std::move(fresh)).second;
  CHECK(first, "an incarnation starts once");
}

void IndexReader::take(const history::NameClaimed& e) { life(e.who).name = e.name; }

void IndexReader::take(const history::ClientEnded& e) {
  Life& of = life(e.who);
  CHECK(!of.end, "an incarnation ends once");
  of.ended = now_;
  of.end = e.how;
  of.was_leaving = e.was_leaving;
  for (Session& one : of.sessions) {
    end_session(one,
                e.how == history::ClientEnd::kLost ? Session::End::kLost : Session::End::kClosed);
  }
}

void IndexReader::take(const history::DialBegan& e) { attempt(e.who, Attempt::Kind::kBegan); }

void IndexReader::take(const history::DialFailed& e) { attempt(e.who, Attempt::Kind::kFailed); }

void IndexReader::take(const history::Connected& e) {
  attempt(e.who, Attempt::Kind::kConnected, e.connection);
  Life& of = life(e.who);
  if (Session* const before = session(of, e.connection)) {
    CHECK(e.connection == 0, "a connection of ours begins once");
    end_session(*before, Session::End::kClosed);
  }
  Session fresh;
  fresh.began = now_;
  fresh.number = e.connection;
  of.sessions.push_back(std::move(fresh));
}

void IndexReader::take(const history::Disconnected& e) {
  Session* const of = session(life(e.who), e.connection);
  CHECK(of != nullptr, "a connection ends after it began");
  attempt(e.who, Attempt::Kind::kDisconnected, e.connection);
  end_session(*of, Session::End::kClosed);
}

void IndexReader::take(const history::AskedToLeave& e) {
  Session* const of = session(life(e.who), e.connection);
  CHECK(of != nullptr, "who is asked to leave is connected");
  attempt(e.who, Attempt::Kind::kAsked, e.connection);
  of->asked_to_leave = now_;
}

void IndexReader::take(const history::GoneElsewhere& e) {
  attempt(e.who, Attempt::Kind::kGone, e.connection);
}

void IndexReader::take(const history::KeyGiven& e) {
  Session* const of = session(life(e.who), e.connection);
  CHECK(of != nullptr, "a key comes on a connection");
  of->keys.push_back({now_, e.key});
  attempt(e.who, Attempt::Kind::kKeyed, e.connection);
  if (of->proxy) return;
  of->proxy = index_.proxy_of(e.key);
  if (of->proxy) of->keyed = now_;
}

void IndexReader::take(const history::KeyUsed& e) {
  life(e.who).keys_used.push_back({now_, e.key});
}

void IndexReader::take(const history::Sampled& e) {
  const bool first = life(e.who).texts.emplace(e.sequence, Text{now_, e.parts}).second;
  CHECK(first, "a sequence is used once");
}

void IndexReader::begin(std::vector<Period>& periods) const {
  if (!periods.empty() && periods.back().ended == kNever) return;  // it still does
  Period fresh;
  fresh.began = now_;
  periods.push_back(fresh);
}

void IndexReader::take(const history::Hung& e) { begin(life(e.who).hung); }

void IndexReader::take(const history::Recovered& e) {
  Life& of = life(e.who);
  CHECK(!of.hung.empty(), "only who hung recovers");
  of.hung.back().ended = now_;
}

void IndexReader::take(const history::Garbled& e) { begin(life(e.who).garbled); }

void IndexReader::take(const history::Mended& e) {
  Life& of = life(e.who);
  CHECK(!of.garbled.empty(), "only who was garbled is mended");
  of.garbled.back().ended = now_;
}

void IndexReader::take(const history::PushBegan& e) {
  Push push;
  push.sequence = e.sequence;
  push.kind = e.kind;
  push.began = now_;
  push.time_max = e.time_max;
  life(e.who).pushes.push_back(std::move(push));
}

void IndexReader::take(const history::PushEnded& e) {
  for (Push& push : life(e.who).pushes) {
    if (push.sequence == e.sequence) push.outcomes.push_back({now_, e.ok});
  }
}

void IndexReader::take(const history::PushStored& e) {
  const auto of = index_.lives_.find(e.who);
  if (of == index_.lives_.end()) return;  // what a proxy stores may say anything
  for (Push& push : of->second.pushes) {
    if (push.sequence == e.sequence) push.stored.push_back({now_, e.proxy});
  }
}

void IndexReader::take(const history::DiskBetrayed& e) {
  index_.betrayals_[e.proxy].push_back(now_);
}

void IndexReader::take(const history::ProxyStarted& e) {
  CHECK(present(e.proxy) == nullptr, "a proxy starts when it does not live");
  ProxyLife fresh;
  fresh.began = now_;
  fresh.proxy = e.proxy;
  index_.proxies_[e.proxy].push_back(fresh);
}

void IndexReader::take(const history::ProxyDraining& e) {
  ProxyLife* const of = present(e.proxy);
  if (of != nullptr && of->draining == kNever) of->draining = now_;
}

void IndexReader::take(const history::ProxyEnded& e) {
  ProxyLife* const of = present(e.proxy);
  CHECK(of != nullptr, "a proxy ends when it lives");
  of->ended = now_;
  of->end = e.how;
  of->exit_code = e.exit_code;
}

void IndexReader::take(const history::ScrapeBegan& e) {
  Scrape scrape;
  scrape.began = now_;
  scrape.id = e.scrape;
  scrape.scraper = e.scraper;
  scrape.proxy = e.proxy;
  scrape.timeout = e.timeout;
  scrape.slow = e.slow;
  scrape.page = e.page;
  index_.scrapes_.emplace(e.scrape, std::move(scrape));
}

void IndexReader::take(const history::ScrapeEnded& e) {
  const auto found = index_.scrapes_.find(e.scrape);
  CHECK(found != index_.scrapes_.end(), "a scrape ends after it began");
  found->second.ended = now_;
  found->second.answer = &e;
}

void IndexReader::take(const history::ScrapeConfirmed& e) {
  const auto found = index_.scrapes_.find(e.scrape);
  CHECK(found != index_.scrapes_.end(), "a scrape is confirmed after it began");
  found->second.confirmed = now_;
}

void IndexReader::take(const history::FaultBegan& e) {
  index_.disturbances_.begin(e.fault, e, now_);
}

void IndexReader::take(const history::FaultEnded& e) {
  index_.disturbances_.end(e.fault, now_, index_.rules().round_trip_max);
}

void IndexReader::take(const history::Healed& e) {
  index_.healed_ = now_;
  index_.disturbances_.leave_broken(e.broken, now_);
}

void IndexReader::sort_out(Scrape& scrape) const {
  std::map<std::pair<Incarnation, std::uint64_t>, Shown> texts;
  for (const history::ShownSample& sample : scrape.answer->samples) {
    const auto [at, first] = texts.try_emplace({sample.who, sample.sequence});
    Shown& shown = at->second;
    if (first) {
      shown.who = sample.who;
      shown.sequence = sample.sequence;
      shown.time_us = sample.time_us;
    }
    shown.same_time = shown.same_time && shown.time_us == sample.time_us;
    ++shown.keys[sample.key];
  }
  for (auto& [name, shown] : texts) {
    if (const auto of = index_.lives_.find(shown.who); of != index_.lives_.end()) {
      shown.life = &of->second;
      const auto text = of->second.texts.find(shown.sequence);
      if (text != of->second.texts.end()) shown.text = &text->second;
      shown.push = of->second.push(shown.sequence);
    }
    shown.doubtful = shown.push == nullptr ? shown.text == nullptr && scrape.may_hold_garbled_push
                                           : is_garbled(*shown.life, *shown.push, scrape.proxy);
    scrape.shown.push_back(std::move(shown));
  }
}

bool IndexReader::is_doubtful(const Scrape& scrape) const {
  const Disturbances& disturbances = index_.disturbances_;
  if (disturbances.corrupted(index_.path(scrape.scraper, scrape.proxy), scrape.began,
                             scrape.ended)) {
    return true;
  }
  const base::Instant from = scrape.began - kPullSharing - index_.rules().round_trip_max;
  const auto may_lead_here = [&](const Session& session) {
    return session.overlaps(from, scrape.ended) &&
           session.proxy.value_or(scrape.proxy) == scrape.proxy;
  };
  return std::ranges::any_of(index_.lives_, [&](const auto& entry) {
    const auto path = index_.path(entry.first, scrape.proxy);
    return std::ranges::any_of(entry.second.sessions, may_lead_here) &&
           disturbances.corrupted(path, from, scrape.ended);
  });
}

bool IndexReader::is_garbled(const Life& of, const Push& push, ProxyId proxy) const {
  const Disturbances& disturbances = index_.disturbances_;
  return std::ranges::any_of(push.stored, [&](const Push::Stored& stored) {
    return stored.proxy == proxy &&
           disturbances.corrupted(index_.path(of.who, proxy), push.began, stored.at);
  });
}

bool IndexReader::may_hold_garbled_push(const Scrape& scrape) const {
  return std::ranges::any_of(index_.lives_, [&](const auto& entry) {
    return std::ranges::any_of(entry.second.pushes, [&](const Push& push) {
      return push.began <= scrape.ended && is_garbled(entry.second, push, scrape.proxy);
    });
  });
}

}  // namespace prometheus_rsocket::sim::oracle
