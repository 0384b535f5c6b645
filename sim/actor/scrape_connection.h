// One HTTP connection of a scraper: one request after the other, read at a given pace, and told
// when an answer begins, is whole, or will not come.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "sim/peer/http_client.h"

namespace prometheus_rsocket::sim::actor {

// Shared with the operations under way. One shard.
class ScrapeConnection : public std::enable_shared_from_this<ScrapeConnection> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_begun() = 0;  // the first bytes of an answer
    virtual void on_answer(peer::HttpResponse response) = 0;
    // Once, last, unless detached; `bytes` of an unfinished answer had come.
    virtual void on_ended(runtime::error_code error, std::size_t bytes) = 0;
  };

  ScrapeConnection(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream, Owner& owner);

  // Sends a GET. REQUIRES: the answer to the one before has come.
  void get(std::string_view path, std::string_view headers);
  // Reads at most so many bytes at a time, and waits so long after each. At first: all there is.
  void set_pace(std::size_t bytes, base::Duration gap);
  void stop_reading() { reads_ = false; }

  // Sends a FIN after what was sent and waits for the peer's, which shows that it got ours; tells
  // `heard` so, and nobody anything else from now on.
  void finish(std::function<void()> heard);
  // Ends it at once, by RST if something was not read; nobody is called any more.
  void abort();

 private:
  void read();
  void on_read(runtime::error_code error, std::size_t bytes);
  void write();
  void end(runtime::error_code error);

  runtime::Shard& shard_;
  std::unique_ptr<runtime::Stream> stream_;
  Owner* owner_;  // null when detached
  std::function<void()> heard_;
  std::array<char, 16384> buffer_{};
  std::size_t pace_ = 16384;
  base::Duration gap_{};
  std::unique_ptr<runtime::Alarm> next_read_;
  std::string received_;
  std::string request_;
  bool waiting_ = false;  // for an answer
  bool reads_ = true;
  bool ended_ = false;
};

}  // namespace prometheus_rsocket::sim::actor
