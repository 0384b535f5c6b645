// Fills an Index from the entries of a history, one after the other.
#pragma once

#include "sim/oracle/index.h"

namespace prometheus_rsocket::sim::oracle {

class IndexReader {
 public:
  explicit IndexReader(Index& index) : index_(index) {}

  void read();

 private:
  void take(const history::ClientStarted& e);
  void take(const history::NameClaimed& e);
  void take(const history::ClientEnded& e);
  void take(const history::DialBegan& e);
  void take(const history::DialFailed& e);
  void take(const history::Connected& e);
  void take(const history::Disconnected& e);
  void take(const history::AskedToLeave& e);
  void take(const history::GoneElsewhere& e);
  void take(const history::KeyGiven& e);
  void take(const history::KeyUsed& e);
  void take(const history::Sampled& e);
  void take(const history::Hung& e);
  void take(const history::Recovered& e);
  void take(const history::Garbled& e);
  void take(const history::Mended& e);
  void take(const history::PushBegan& e);
  void take(const history::PushEnded& e);
  void take(const history::ProxyStarted& e);
  void take(const history::ProxyDraining& e);
  void take(const history::ProxyEnded& e);
  void take(const history::PushStored& e);
  void take(const history::DiskBetrayed& e);
  void take(const history::ScrapeBegan& e);
  void take(const history::ScrapeEnded& e);
  void take(const history::ScrapeConfirmed& e);
  void take(const history::FaultBegan& e);
  void take(const history::FaultEnded& e);
  void take(const history::Healed& e);
  void take(const history::ProxyKeyMade& /*e*/) {}  // known beforehand
  void take(const history::Accepted& /*e*/) {}      // read by who counts them
  void take(const history::HostileDialled& /*e*/) {}
  void take(const history::MetricsRead& /*e*/) {}
  void take(const history::ListRead& /*e*/) {}
  void take(const history::Resources& /*e*/) {}
  void take(const history::Ended& /*e*/) {}

  [[nodiscard]] Life& life(const Incarnation& who);
  [[nodiscard]] ProxyLife* present(ProxyId proxy);
  void attempt(const Incarnation& who, Attempt::Kind kind, std::uint64_t connection = 0);
  void begin(std::vector<Period>& periods) const;
  void end_session(Session& session, Session::End end) const;
  // The latest of that number; nothing if there is none.
  [[nodiscard]] static Session* session(Life& of, std::uint64_t number);
  void sort_out(Scrape& scrape) const;
  [[nodiscard]] bool is_doubtful(const Scrape& scrape) const;
  [[nodiscard]] bool is_garbled(const Life& of, const Push& push, ProxyId proxy) const;
  [[nodiscard]] bool may_hold_garbled_push(const Scrape& scrape) const;

  Index& index_;
  base::Instant now_;
};

}  // namespace prometheus_rsocket::sim::oracle
