// Takes connections from one listener and says for each which shard shall have it.
#pragma once

#include <functional>
#include <memory>

#include "runtime/runtime.h"

namespace prometheus_rsocket::server {

class Acceptor {
 public:
  // Where the next connection is to live.
  using Choose = std::function<std::size_t()>;
  using Accepted = std::function<void(std::size_t shard, std::unique_ptr<runtime::Stream>)>;

  // Lives on shard 0 and calls both there.
  Acceptor(runtime::Process& process, std::unique_ptr<runtime::Listener> listener, Choose choose,
           Accepted accepted);

  // Accepts from now on; again after pause(). Without effect while accepting.
  void resume();
  // After the accept that is under way, none begins.
  void pause() { paused_ = true; }
  void close();

  [[nodiscard]] runtime::Endpoint local_endpoint() const { return listener_->local_endpoint(); }

 private:
  void retry();

  runtime::Process& process_;
  runtime::Shard& shard_;
  std::unique_ptr<runtime::Listener> listener_;
  std::unique_ptr<runtime::Timer> timer_;
  Choose choose_;
  Accepted accepted_;
  bool paused_ = true;
  bool busy_ = false;  // an accept or a wait is under way
  bool closed_ = false;
};

}  // namespace prometheus_rsocket::server
