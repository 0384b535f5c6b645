// A host of the virtual network: who listens on it, and what is wrong with it at present.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/network.h"
#include "sim/config.h"

namespace prometheus_rsocket::sim {

using Address = boost::asio::ip::address;

class Connection;

// A port that somebody listens on.
class Port {
 public:
  virtual ~Port() = default;
  [[nodiscard]] virtual const runtime::Endpoint& endpoint() const = 0;
  [[nodiscard]] virtual bool is_full() const = 0;
  virtual void offer(std::shared_ptr<Connection> connection) = 0;
};

// What World says with the functions of these names. Of its loopback none but the reads and writes
// are affected.
struct HostFaults {
  bool is_isolated = false;
  bool is_clogged = false;
  bool is_one_byte = false;
  std::optional<ShortIo> short_io;
  Dials dials = Dials::kAnswered;
  std::uint32_t corrupt_percent = 0;
  std::uint64_t bandwidth = 0;
};

struct Host {
  Address address;
  std::uint64_t entity = 0;
  bool lost = true;           // nobody lives there, or not any more
  std::size_t processes = 0;  // ever
  std::uint16_t next_port = 32768;
  std::map<runtime::Endpoint, Port*> ports;
  std::map<runtime::Endpoint, std::uint64_t> dials;  // so many so far
  HostFaults faults;
  std::vector<std::function<void()>> clogged;  // goes on when the clog is gone, in this order

  // Who listens at an address of ours; null: nobody.
  [[nodiscard]] Port* find(const runtime::Endpoint& at) const;
  // A port for an end of ours that nobody listens on.
  [[nodiscard]] std::uint16_t take_port();
  [[nodiscard]] bool owns(const Address& address_of_end) const;
};

}  // namespace prometheus_rsocket::sim
