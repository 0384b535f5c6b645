// The page of one scrape: the clients' replies and the pushes, merged as it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exposition/merge.h"
#include "exposition/page_writer.h"
#include "push/push_store.h"
#include "runtime/runtime.h"
#include "server/log_limit.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

class Page {
 public:
  // Live beats pushed; of pushes the newest first. REQUIRES: the longest-connected is first in
  // `replies`. Beyond `bytes_max` of text and index replies are left out, the newest-connected
  // first, so that it is the same clients from page to page.
  Page(std::vector<Reply> replies, const std::vector<push::Push>& pushes, std::uint64_t bytes_max,
       const exposition::Format& format, const base::SipKey& hash_key);

  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  // Appends the next piece; false at the end.
  [[nodiscard]] bool write(std::string& out) { return writer_->write(out); }

  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] const exposition::MergeStats& stats() const { return writer_->stats(); }

 private:
  std::vector<std::shared_ptr<const Exposition>> expositions_;  // what the sources borrow from
  std::vector<exposition::Source> sources_;
  std::size_t left_out_ = 0;
  std::unique_ptr<exposition::PageWriter> writer_;  // borrows the sources
};

// So many clients have no room on a page.
void log_left_out(runtime::Shard& shard, LogLimit& limit, std::size_t clients);

}  // namespace prometheus_rsocket::server
