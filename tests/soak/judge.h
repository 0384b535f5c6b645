// What the pages and lists of a soak must show, held against who was there.
//
// A page may be of a pull that began 100 ms before it was asked for (design.md, "What a scrape
// promises"), and a round takes longer than that. So who was ready by the end of round N must be on
// the pages of round N + 2, and who left in round N must not be.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "lists.h"
#include "page.h"
#include "population.h"

namespace prometheus_rsocket::soak {

class Judge {
 public:
  // `lives` grows meanwhile, and outlives this.
  Judge(const std::vector<Life>& lives, std::size_t samples_each)
      : lives_(lives), samples_each_(samples_each) {}

  // Of /metrics/connected: every client that must be there, whole; nobody in part; nobody who is
  // gone.
  void judge_clients(const Page& page, Round round);
  // Of a page that has pushes, for a scraper: each push whole, and on one page only.
  void judge_pushes(const std::string& scraper, const Page& page);
  // Every named client that must be there, once, and nobody who has said goodbye.
  void judge_list(const List& list, Round round);
  // After the last page: each push that was acknowledged has been on a page of each scraper.
  void judge_end();

  void fail(const std::string& fault) { faults_.push_back(fault); }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  const std::vector<Life>& lives_;
  const std::size_t samples_each_;
  std::map<std::string, std::map<Number, std::size_t>> shown_;  // pushes, by scraper
  std::vector<std::string> faults_;
};

}  // namespace prometheus_rsocket::soak
