#include "server/page.h"

#include <string>
#include <utility>

namespace prometheus_rsocket::server {

Page::Page(std::vector<Reply> replies, const std::vector<push::Push>& pushes,
           std::uint64_t bytes_max, const exposition::Format& format,
           const base::SipKey& hash_key) {
  std::uint64_t bytes = 0;
  // Pushes have their room first: a client that is left out now comes again, a push does not.
  for (const push::Push& push : pushes) bytes += push.exposition->page_bytes();
  for (Reply& reply : replies) {
    bytes += reply.exposition->page_bytes();
    if (bytes > bytes_max) break;
    expositions_.push_back(std::move(reply.exposition));
  }
  left_out_ = replies.size() - expositions_.size();
  for (auto push = pushes.rbegin(); push != pushes.rend(); ++push) {
    expositions_.push_back(push->exposition);
  }
  for (const auto& exposition : expositions_) {
    sources_.push_back({exposition->text, &exposition->index});
  }
  writer_ = std::make_unique<exposition::PageWriter>(sources_, format, hash_key);
}

void log_left_out(runtime::Shard& shard, LogLimit& limit, std::size_t clients) {
  if (const auto suppressed = limit.admit(shard.clock.now())) {
    shard.log.warn(
        "the page is full: clients are left out",
        {{"clients", std::to_string(clients)}, {"suppressed", std::to_string(*suppressed)}});
  }
}

}  // namespace prometheus_rsocket::server
