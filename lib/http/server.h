// An HTTP/1.1 server above the seam: keeps connections, reads requests, writes answers in pieces,
// and finds out whether they arrived. Knows nothing of metrics. On Boost.Beast, in connection.cpp
// alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "http/compression.h"
#include "http/exchange.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::http {

class Connection;  // connection.h
class Encoders;    // encoder.h

// One shard.
class Server {
 public:
  // Lives on `shard` of `process`, whose others help to compress. Process and handler outlive it.
  Server(runtime::Process& process, std::size_t shard, RequestHandler& handler,
         Compression compression = {});
  ~Server();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves what this listener brings, beside those added before.
  void serve(std::unique_ptr<runtime::Listener> listener);

  // Accepts no more, ends idle connections now and busy ones after their answer; `stopped` is
  // called once when none is left.
  void stop(std::function<void()> stopped);

 private:
  struct Door {
    std::unique_ptr<runtime::Listener> listener;
    std::unique_ptr<runtime::Timer> timer;
    bool busy = false;  // an accept or a wait is under way
  };

  void accept(Door& door);
  void accepted(Door& door, runtime::error_code error, std::unique_ptr<runtime::Stream> stream);
  void ended(std::uint64_t serial);
  void make_room();
  void finish_stop();

  runtime::Shard& shard_;
  RequestHandler& handler_;
  const std::unique_ptr<const Encoders> encoders_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::uint64_t next_serial_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  bool stopping_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  // for operations under way
  std::function<void()> stopped_;
};

}  // namespace prometheus_rsocket::http
