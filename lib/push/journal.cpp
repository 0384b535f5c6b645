#include "push/journal.h"

#include <utility>

namespace prometheus_rsocket::push {
namespace {

// Who is tracked, and who has seen what.
void add_scrapers(const Contents& contents, std::vector<Change>& changes) {
  for (const Contents::Scraper& scraper : contents.scrapers) {
    changes.emplace_back(Tracked{scraper.slot, scraper.key, scraper.regular});
  }
  Shown shown;
  for (const Contents::Held& held : contents.pushes) {
    if (held.shown) shown.pushes.push_back({held.push.sequence, held.seen_by});
  }
  if (!shown.pushes.empty()) changes.emplace_back(std::move(shown));
}

}  // namespace

std::vector<Change> changes_of(const Contents& contents) {
  std::vector<Change> changes;
  for (const Contents::Held& held : contents.pushes) changes.emplace_back(Stored{held.push, {}});
  add_scrapers(contents, changes);
  return changes;
}

std::vector<Change> restatement_of(const Contents& contents) {
  Restated restated;
  for (const Contents::Held& held : contents.pushes) restated.held.push_back(held.push.sequence);
  std::vector<Change> changes;
  changes.emplace_back(std::move(restated));
  add_scrapers(contents, changes);
  return changes;
}

}  // namespace prometheus_rsocket::push
