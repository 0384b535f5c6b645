// One GET over a connection of its own: for what is read seldom.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/alarm.h"
#include "sim/actor/scrape_connection.h"

namespace prometheus_rsocket::sim::actor {

class HttpGet final : private ScrapeConnection::Owner {
 public:
  // Called once: with a whole answer, or nothing. Must not destroy the HttpGet.
  using Done = std::function<void(std::optional<peer::HttpResponse>)>;

  // Dials at once. Without a timeout it waits as long as its system does. `shard` outlives it.
  HttpGet(runtime::Shard& shard, const runtime::Endpoint& endpoint, std::string path,
          std::optional<base::Duration> timeout, Done done);
  ~HttpGet() override;  // gives it up, and calls nobody
  HttpGet(const HttpGet&) = delete;
  HttpGet& operator=(const HttpGet&) = delete;
  [[nodiscard]] bool done() const { return done_ == nullptr; }

 private:
  void on_begun() override {}
  void on_answer(peer::HttpResponse response) override;
  void on_ended(runtime::error_code error, std::size_t bytes) override;
  void end(std::optional<peer::HttpResponse> response);

  runtime::Shard& shard_;
  const std::string path_;
  Done done_;
  runtime::Alarm timeout_;
  boost::asio::cancellation_signal cancel_dial_;
  std::shared_ptr<ScrapeConnection> connection_;  // shared with the operations under way
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace prometheus_rsocket::sim::actor
