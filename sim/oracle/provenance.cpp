#include <algorithm>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// What is wrong with a text on a page; nothing for none.
std::string_view fault_of(const Index& index, const Scrape& scrape, const Shown& shown) {
  if (shown.life == nullptr) return "nobody of this name ever lived";
  if (shown.text == nullptr) return "it wrote no such text";
  const auto written =
      std::chrono::duration_cast<std::chrono::microseconds>(shown.text->at - index.rules().start);
  if (!shown.same_time || shown.time_us != written.count()) return "it wrote another value";
  if (shown.text->at > scrape.ended) return "it wrote that later";
  if (shown.keys.size() != shown.text->parts) return "not all its lines, or too many";
  std::uint32_t expected = 0;
  for (const auto& [key, count] : shown.keys) {
    if (key != expected++ || count != 1) return "not its lines";
  }
  const bool led_here = std::ranges::any_of(shown.life->sessions, [&](const Session& session) {
    return session.proxy == scrape.proxy && session.keyed <= shown.text->at &&
           (!shown.life->ours() || session.ended >= shown.text->at);
  });
  return led_here ? "" : "it wrote that on no connection with this proxy";
}

}  // namespace

std::vector<Violation> judge_provenance(const Index& index) {
  Findings findings("1-provenance");
  for (const auto& [id, scrape] : index.scrapes()) {
    if (!scrape.good() || scrape.doubtful) continue;
    if (!scrape.answer->trouble.empty() && !scrape.may_hold_garbled_push) {
      findings.add(scrape.ended, "scrape ", id, " of proxy ", scrape.proxy, ": ",
                   scrape.answer->trouble);
    }
    for (const Shown& shown : scrape.shown) {
      if (shown.doubtful) continue;
      const std::string_view fault = fault_of(index, scrape, shown);
      if (fault.empty()) continue;
      findings.add(scrape.ended, "scrape ", id, " of proxy ", scrape.proxy, " shows sequence ",
                   shown.sequence, " of client ", shown.who, ": ", fault);
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
