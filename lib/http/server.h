// An HTTP/1.1 server above the seam: keeps connections, reads requests, writes answers in pieces,
// and finds out whether they arrived. Knows nothing of metrics. On Boost.Beast, in connection.cpp
// alone.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/compression.h"
#include "http/exchange.h"
#include "runtime/runtime.h"
#include "runtime/tls_handshake.h"

namespace prometheus_rsocket::http {

class Connection;  // connection.h
class Encoders;    // encoder.h

// What may be another while it runs.
struct Settings {
  std::shared_ptr<const runtime::TlsServer> tls;             // of new connections; null: in clear
  std::vector<std::pair<std::string, std::string>> headers;  // of every answer
};

// One shard.
class Server {
 public:
  // Lives on `shard` of `process`, whose others help to compress. Process and handler outlive it.
  Server(runtime::Process& process, std::size_t shard, RequestHandler& handler,
         Compression compression = {});
  ~Server();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // From now on.
  void configure(Settings settings) { settings_ = std::move(settings); }
  // Connections that are there end, when idle now and when busy after their answer: what their
  // peers have shown of themselves was judged by other settings.
  void renew();

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
  struct Peer {
    boost::asio::ip::address network;  // it is one of many there
    base::Instant accepted_at;
  };

  void accept(Door& door);
  void accepted(Door& door, runtime::error_code error, std::unique_ptr<runtime::Stream> stream);
  void begin(std::uint64_t serial, std::unique_ptr<runtime::Stream> stream,
             std::vector<runtime::TlsName> peer_names);
  void shake_hands(std::uint64_t serial, std::unique_ptr<runtime::Stream> stream);
  void ended(std::uint64_t serial);
  void make_room();
  void end_handshakes();
  [[nodiscard]] std::optional<std::uint64_t> next_to_go() const;
  [[nodiscard]] std::optional<base::Instant> waits_since(std::uint64_t serial,
                                                         const Peer& peer) const;
  void finish_stop();

  runtime::Shard& shard_;
  RequestHandler& handler_;
  const std::unique_ptr<const Encoders> encoders_;
  Settings settings_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::uint64_t next_serial_ = 1;
  std::map<std::uint64_t, Peer> peers_;                               // by serials of connections
  std::map<std::uint64_t, runtime::TlsHandshake> handshakes_;         // of them either this
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;  // or that
  bool stopping_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  // for operations under way
  std::function<void()> stopped_;
};

}  // namespace prometheus_rsocket::http
