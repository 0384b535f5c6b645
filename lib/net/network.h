// The seam's Network on TCP sockets, and its Resolver on the system's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <set>

#include "runtime/network.h"

namespace prometheus_rsocket::net {

// Sent data that nobody acknowledges for so long ends the connection: a peer that lost its power
// or its route answers nothing, not even an RST.
inline constexpr std::chrono::milliseconds kTcpUserTimeout{30'000};

// TCP_NODELAY is on. A listener on `::` takes IPv4 too; addresses it reports are plain IPv4 then.
class Network final : public runtime::Network {
 public:
  explicit Network(boost::asio::io_context& context) : context_(context) {}
  ~Network() override;

  [[nodiscard]] boost::system::result<std::unique_ptr<runtime::Listener>> listen(
      const runtime::Endpoint& endpoint) override;

 private:
  using Dialling = std::set<boost::asio::ip::tcp::socket*>;

  void do_connect(const runtime::Endpoint& endpoint,
                  runtime::Handler<void(runtime::error_code, std::unique_ptr<runtime::Stream>)>
                      handler) override;

  boost::asio::io_context& context_;
  // The sockets that are being connected. Each belongs to its operation, which takes it off this
  // list when it completes and when it is destroyed, be that before us or after.
  std::shared_ptr<Dialling> dialling_ = std::make_shared<Dialling>();
};

class Resolver final : public runtime::Resolver {
 public:
  explicit Resolver(boost::asio::io_context& context) : resolver_(context) {}

 private:
  void do_resolve(std::string host,
                  runtime::Handler<void(runtime::error_code, std::vector<boost::asio::ip::address>)>
                      handler) override;

  boost::asio::ip::tcp::resolver resolver_;
};

}  // namespace prometheus_rsocket::net
