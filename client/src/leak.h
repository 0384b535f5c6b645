// For a child after fork(): what belongs to the parent is neither used nor destroyed there.
#pragma once

#include <memory>
#include <utility>

namespace prometheus_rsocket::client {

// Never destroys what `owner` holds.
template <class T>
void leak(std::shared_ptr<T> owner) {
  static_cast<void>(std::make_unique<std::shared_ptr<T>>(std::move(owner)).release());
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): that is what it is for

}  // namespace prometheus_rsocket::client
