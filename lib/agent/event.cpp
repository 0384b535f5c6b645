#include "agent/event.h"

#include <ostream>

namespace prometheus_rsocket::agent {
namespace {

struct Printer {
  std::ostream& out;

  void operator()(const Dialling& event) const { out << "Dialling target=" << event.target; }
  void operator()(const DialFailed& event) const {
    out << "DialFailed stage=" << event.stage << " error=" << event.error.message();
  }
  void operator()(const Connected& event) const {
    out << "Connected connection=" << event.connection
        << " remote=" << runtime::to_string(event.remote);
  }
  void operator()(const KeyReceived& event) const {
    out << "KeyReceived connection=" << event.connection;
  }
  void operator()(const KeyRejected& event) const {
    out << "KeyRejected connection=" << event.connection << " error=" << event.error.message();
  }
  void operator()(const Scraped& event) const {
    out << "Scraped connection=" << event.connection << " text_bytes=" << event.text_bytes;
  }
  void operator()(const ScrapeFailed& event) const {
    out << "ScrapeFailed connection=" << event.connection << " error=" << event.error.message();
  }
  void operator()(const Disconnected& event) const {
    out << "Disconnected connection=" << event.connection << " reason=" << event.reason;
    if (event.error) out << " error=" << event.error.message();
  }
  void operator()(const AskedToLeave& event) const {
    out << "AskedToLeave connection=" << event.connection;
  }
  void operator()(const GoneElsewhere& event) const {
    out << "GoneElsewhere connection=" << event.connection;
  }
  void operator()(const Retrying& event) const {
    const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(event.delay);
    out << "Retrying delay_ms=" << delay.count() << " failures=" << event.failures;
  }
  void operator()(const Ended& event) const { out << "Ended reason=" << event.reason; }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, EndReason reason) {
  switch (reason) {
    case EndReason::kClosed:
      return out << "closed";
    case EndReason::kPushed:
      return out << "pushed";
    case EndReason::kPushFailed:
      return out << "push_failed";
    case EndReason::kRetriesExhausted:
      return out << "retries_exhausted";
  }
  return out << "unknown";
}

std::ostream& operator<<(std::ostream& out, const Event& event) {
  std::visit(Printer{out}, event);
  return out;
}

}  // namespace prometheus_rsocket::agent
