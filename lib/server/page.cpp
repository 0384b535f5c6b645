#include "server/page.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::server {
namespace {

std::shared_ptr<const Exposition> index_push(const push::Push& push) {
  auto exposition = std::make_shared<Exposition>();
  exposition->text = *push.text;
  auto index = exposition::scan(exposition->text);
  CHECK(index.has_value(), "a push is validated before it is stored");
  exposition->index = std::move(*index);
  return exposition;
}

}  // namespace

Page::Page(std::vector<Reply> replies, const std::vector<push::Push>& pushes,
           std::uint64_t bytes_max) {
  std::uint64_t bytes = 0;
  // Pushes have their room first: a client that is left out now comes again, a push does not.
  for (const push::Push& push : pushes) bytes += push.text->size();
  for (Reply& reply : replies) {
    if (bytes + reply.exposition->text.size() > bytes_max) {
      ++left_out_;
      continue;
    }
    bytes += reply.exposition->text.size();
    expositions_.push_back(std::move(reply.exposition));
  }
  for (auto push = pushes.rbegin(); push != pushes.rend(); ++push) {
    expositions_.push_back(index_push(*push));
  }
  for (const auto& exposition : expositions_) {
    sources_.push_back({exposition->text, &exposition->index});
  }
  writer_ = std::make_unique<exposition::PageWriter>(sources_);
}

}  // namespace prometheus_rsocket::server
