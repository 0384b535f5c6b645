#include "sim/history/history.h"

#include <ostream>

namespace prometheus_rsocket::sim::history {
namespace {

std::string_view word(Place::Kind kind) {
  switch (kind) {
    case Place::Kind::kClient:
      return "client";
    case Place::Kind::kProxy:
      return "proxy";
    case Place::Kind::kScraper:
      return "scraper";
    case Place::Kind::kLoadBalancer:
      return "load balancer";
    case Place::Kind::kHostile:
      return "hostile";
  }
  return "unknown";
}

std::string_view word(ClientKind kind) {
  switch (kind) {
    case ClientKind::kOurs:
      return "ours";
    case ClientKind::kJava113:
      return "Java 1.1.3";
    case ClientKind::kJava114:
      return "Java 1.1.4";
    case ClientKind::kJava115:
      return "Java 1.1.5";
  }
  return "unknown";
}

std::string_view word(ClientEnd end) {
  switch (end) {
    case ClientEnd::kLeft:
      return "left";
    case ClientEnd::kKilled:
      return "killed";
    case ClientEnd::kLost:
      return "lost";
  }
  return "unknown";
}

std::string_view word(ProxyEnd end) {
  switch (end) {
    case ProxyEnd::kExited:
      return "exited";
    case ProxyEnd::kKilled:
      return "killed";
    case ProxyEnd::kLost:
      return "lost";
  }
  return "unknown";
}

std::string_view word(PushKind kind) {
  return kind == PushKind::kAcknowledged ? "acknowledged" : "fire-and-forget";
}

std::string_view word(ScrapeResult result) {
  switch (result) {
    case ScrapeResult::kWhole:
      return "whole";
    case ScrapeResult::kRefused:
      return "refused";
    case ScrapeResult::kBroken:
      return "broken";
    case ScrapeResult::kTimedOut:
      return "timed out";
    case ScrapeResult::kAborted:
      return "aborted";
  }
  return "unknown";
}

std::string_view word(FaultEffect effect) {
  switch (effect) {
    case FaultEffect::kAny:
      return "anything";
    case FaultEffect::kTraffic:
      return "traffic";
    case FaultEffect::kBetween:
      return "traffic between";
    case FaultEffect::kPause:
      return "pause";
    case FaultEffect::kCorrupt:
      return "corruption";
    case FaultEffect::kDisk:
      return "disk";
  }
  return "unknown";
}

struct Micros {
  base::Duration duration;
};
std::ostream& operator<<(std::ostream& out, Micros micros) {
  return out << std::chrono::duration_cast<std::chrono::microseconds>(micros.duration).count()
             << " us";
}

void print(std::ostream& out, const std::vector<Place>& places) {
  std::string_view separator = " ";
  for (const Place& place : places) {
    out << separator << place;
    separator = ", ";
  }
}

struct Printer {
  std::ostream& out;

  void say_connection(std::uint64_t connection) const {
    if (connection != 0) out << " connection " << connection;
  }
  void operator()(const ClientStarted& e) const {
    out << "started client " << e.who << " " << word(e.kind);
  }
  void operator()(const ClientEnded& e) const {
    out << "ended client " << e.who << " " << word(e.how)
        << (e.was_leaving ? " while it was leaving" : "");
  }
  void operator()(const NameClaimed& e) const {
    out << "client " << e.who << " claims the name of " << e.name;
  }
  void operator()(const DialBegan& e) const { out << "dialling client " << e.who; }
  void operator()(const DialFailed& e) const { out << "dial failed client " << e.who; }
  void operator()(const Connected& e) const {
    out << "connected client " << e.who;
    say_connection(e.connection);
  }
  void operator()(const Disconnected& e) const {
    out << "disconnected client " << e.who;
    say_connection(e.connection);
  }
  void operator()(const AskedToLeave& e) const {
    out << "asked to leave: client " << e.who;
    say_connection(e.connection);
  }
  void operator()(const GoneElsewhere& e) const {
    out << "gone elsewhere client " << e.who;
    say_connection(e.connection);
  }
  void operator()(const KeyGiven& e) const {
    out << "key given client " << e.who << " key " << e.key;
    say_connection(e.connection);
  }
  void operator()(const KeyUsed& e) const {
    out << "key used client " << e.who << " key " << e.key;
  }
  void operator()(const Sampled& e) const {
    out << "sampled client " << e.who << " sequence " << e.sequence << " parts " << e.parts;
  }
  void operator()(const Hung& e) const { out << "hung client " << e.who; }
  void operator()(const Recovered& e) const { out << "recovered client " << e.who; }
  void operator()(const Garbled& e) const { out << "garbled client " << e.who; }
  void operator()(const Mended& e) const { out << "mended client " << e.who; }
  void operator()(const PushBegan& e) const {
    out << "push began client " << e.who << " sequence " << e.sequence << " " << word(e.kind)
        << " within " << Micros{e.time_max};
  }
  void operator()(const PushEnded& e) const {
    out << "push ended client " << e.who << " sequence " << e.sequence
        << (e.ok ? " well" : " failed");
  }
  void operator()(const ProxyStarted& e) const { out << "started proxy " << e.proxy; }
  void operator()(const ProxyDraining& e) const { out << "draining proxy " << e.proxy; }
  void operator()(const ProxyEnded& e) const {
    out << "ended proxy " << e.proxy << " " << word(e.how);
    if (e.how == ProxyEnd::kExited) out << " " << e.exit_code;
  }
  void operator()(const ProxyKeyMade& e) const {
    out << "key made proxy " << e.proxy << " key " << e.key;
  }
  void operator()(const Accepted& e) const { out << "accepted proxy " << e.proxy; }
  void operator()(const HostileDialled& /*e*/) const { out << "hostile peer dials"; }
  void operator()(const PushStored& e) const {
    out << "push stored proxy " << e.proxy << " client " << e.who << " sequence " << e.sequence;
  }
  void operator()(const DiskBetrayed& e) const { out << "disk betrayed proxy " << e.proxy; }
  void operator()(const MetricsRead& e) const {
    out << "metrics read proxy " << e.proxy;
    for (const auto& [sample, value] : e.values) out << " " << sample << "=" << value;
  }
  void operator()(const Resources& e) const {
    out << "resources " << e.place << " handles " << e.handles << " connections " << e.connections
        << " heap " << e.heap_bytes;
  }
  void operator()(const ScrapeBegan& e) const {
    out << "scrape " << e.scrape << " began scraper " << e.scraper << " proxy " << e.proxy
        << " within " << Micros{e.timeout};
    if (e.page != Page{}) out << " " << e.page;
  }
  void operator()(const ScrapeEnded& e) const {
    out << "scrape " << e.scrape << " ended scraper " << e.scraper << " proxy " << e.proxy << " "
        << word(e.result) << " status " << e.status << " samples " << e.samples.size();
    if (!e.trouble.empty()) out << " trouble " << e.trouble;
  }
  void operator()(const ScrapeConfirmed& e) const { out << "scrape " << e.scrape << " confirmed"; }
  void operator()(const ListRead& e) const {
    out << (e.list == List::kTargets ? "targets" : "table") << " of proxy " << e.proxy
        << " read by scraper " << e.scraper << " status " << e.status;
    for (const Listed& client : e.clients) {
      out << " [" << client.id;
      if (client.name) out << " name " << *client.name;
      out << (client.is_websocket ? " websocket" : " tcp");
      if (client.at) out << " at " << *client.at;
      out << (client.shares_name ? " shared" : "") << "]";
    }
    if (e.has_pushes) out << " pushes";
    if (!e.trouble.empty()) out << " trouble " << e.trouble;
  }
  void operator()(const FaultBegan& e) const {
    out << "fault " << e.fault << " began " << e.what << " (" << word(e.effect) << ")";
    print(out, e.places);
  }
  void operator()(const FaultEnded& e) const { out << "fault " << e.fault << " ended"; }
  void operator()(const Healed& e) const {
    out << "healed" << (e.broken.empty() ? "" : " but");
    print(out, e.broken);
  }
  void operator()(const Ended& e) const {
    out << "ended after " << e.events << " events, idle " << e.idle_events_per_second
        << " a second";
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Incarnation& who) {
  return out << who.instance << "." << who.number;
}

std::ostream& operator<<(std::ostream& out, const Place& place) {
  return out << word(place.kind) << " " << place.number;
}

std::ostream& operator<<(std::ostream& out, const Page& page) {
  if (page.view == View::kConnected) return out << "page of all";
  if (page.view == View::kPushes) return out << "page of pushes";
  out << "page of client ";
  if (page.name) return out << *page.name;
  return page.at ? out << "at " << *page.at : out << "of no name";
}

std::ostream& operator<<(std::ostream& out, const What& what) {
  std::visit(Printer{out}, what);
  return out;
}

}  // namespace prometheus_rsocket::sim::history
