#include "net/network.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "net/bind_like.h"
#include "net/complete.h"
#include "runtime/address.h"

namespace prometheus_rsocket::net {
namespace {

using boost::asio::ip::tcp;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Executor;
using runtime::Handler;
using StreamHandler = Handler<void(error_code, std::unique_ptr<runtime::Stream>)>;

Endpoint to_endpoint(const tcp::endpoint& endpoint) {
  return {runtime::unmapped(endpoint.address()), endpoint.port()};
}

// Completes `handler` later with operation_aborted: what asio calls bad_descriptor.
template <class H, class... Rest>
void post_aborted(const Executor& executor, H handler, Rest... rest) {
  post_completion(executor, std::move(handler), error_code(boost::asio::error::operation_aborted),
                  std::move(rest)...);
}

class TcpStream final : public runtime::Stream {
 public:
  // The system does not name the peer of a connection that was reset already: the caller does.
  TcpStream(tcp::socket socket, const tcp::endpoint& remote)
      : socket_(std::move(socket)), remote_(to_endpoint(remote)) {
    error_code ignored;  // a peer that has gone already shows at the first read
    socket_.set_option(tcp::no_delay(true), ignored);
    const int timeout_ms = static_cast<int>(kTcpUserTimeout.count());
    (void)::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
                       sizeof timeout_ms);
    local_ = to_endpoint(socket_.local_endpoint(ignored));
  }

  [[nodiscard]] Executor get_executor() const override {
    return const_cast<tcp::socket&>(socket_).get_executor();
  }
  [[nodiscard]] Endpoint local_endpoint() const override { return local_; }
  [[nodiscard]] Endpoint remote_endpoint() const override { return remote_; }

  [[nodiscard]] bool is_acknowledged() const override {
    if (!socket_.is_open()) return false;
    int bytes = 0;  // written and not acknowledged; a FIN counts as one more
    const int handle = const_cast<tcp::socket&>(socket_).native_handle();
    // Where the system does not tell (some sandboxes), what the peer says next has to do.
    if (::ioctl(handle, SIOCOUTQ, &bytes) != 0) return true;
    return bytes <= (fin_sent_ ? 1 : 0);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void do_read_some(boost::asio::mutable_buffer buffer,
                    Handler<void(error_code, std::size_t)> handler) override {
    if (!socket_.is_open()) return post_aborted(get_executor(), std::move(handler), 0U);
    socket_.async_read_some(buffer, std::move(handler));
  }

  void do_write_some(std::vector<boost::asio::const_buffer> buffers,
                     Handler<void(error_code, std::size_t)> handler) override {
    if (!socket_.is_open()) return post_aborted(get_executor(), std::move(handler), 0U);
    socket_.async_write_some(buffers, std::move(handler));
  }

  void do_shutdown_send(Handler<void(error_code)> handler) override {
    if (!socket_.is_open()) return post_aborted(get_executor(), std::move(handler));
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    fin_sent_ = fin_sent_ || !error;
    post_completion(get_executor(), std::move(handler), error);
  }

  tcp::socket socket_;
  Endpoint local_;
  Endpoint remote_;
  bool fin_sent_ = false;
};

class TcpListener final : public runtime::Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {
    error_code ignored;
    local_ = to_endpoint(acceptor_.local_endpoint(ignored));
  }

  [[nodiscard]] Endpoint local_endpoint() const override { return local_; }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  void do_accept(Executor executor, StreamHandler handler) override {
    if (!acceptor_.is_open()) {
      return post_aborted(acceptor_.get_executor(), std::move(handler),
                          std::unique_ptr<runtime::Stream>());
    }
    auto owner = std::make_unique<tcp::endpoint>();
    tcp::endpoint& peer = *owner;
    acceptor_.async_accept(
        executor, peer,
        bind_like(std::move(handler), acceptor_.get_executor(), [&](StreamHandler inner) {
          return [h = std::move(inner), remote = std::move(owner)](error_code error,
                                                                   tcp::socket socket) mutable {
            std::unique_ptr<runtime::Stream> stream;
            if (!error) stream = std::make_unique<TcpStream>(std::move(socket), *remote);
            std::move(h)(error, std::move(stream));
          };
        }));
  }

  tcp::acceptor acceptor_;
  Endpoint local_;
};

// A socket that is being connected, on the list of its Network as long as it lives.
class DiallingSocket {
 public:
  DiallingSocket(boost::asio::io_context& context, std::shared_ptr<std::set<tcp::socket*>> list)
      : socket_(context), list_(std::move(list)) {
    list_->insert(&socket_);
  }
  ~DiallingSocket() { list_->erase(&socket_); }
  DiallingSocket(const DiallingSocket&) = delete;
  DiallingSocket& operator=(const DiallingSocket&) = delete;

  [[nodiscard]] tcp::socket& get() { return socket_; }

 private:
  tcp::socket socket_;
  std::shared_ptr<std::set<tcp::socket*>> list_;
};

}  // namespace

Network::~Network() {
  error_code ignored;
  for (auto* socket : *dialling_) socket->close(ignored);
}

boost::system::result<std::unique_ptr<runtime::Listener>> Network::listen(
    const Endpoint& endpoint) {
  const tcp::endpoint at(endpoint.address, endpoint.port);
  tcp::acceptor acceptor(context_);
  error_code error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && at.address().is_v6()) {
    acceptor.set_option(boost::asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return error;
  return std::unique_ptr<runtime::Listener>(std::make_unique<TcpListener>(std::move(acceptor)));
}

void Network::do_connect(const Endpoint& endpoint, StreamHandler handler) {
  const tcp::endpoint to(endpoint.address, endpoint.port);
  auto owner = std::make_unique<DiallingSocket>(context_, dialling_);
  tcp::socket& socket = owner->get();
  socket.async_connect(
      to, bind_like(std::move(handler), socket.get_executor(), [&](StreamHandler inner) {
        return [h = std::move(inner), to, dialled = std::move(owner)](error_code error) mutable {
          std::unique_ptr<runtime::Stream> stream;
          if (!error) stream = std::make_unique<TcpStream>(std::move(dialled->get()), to);
          dialled.reset();
          std::move(h)(error, std::move(stream));
        };
      }));
}

void Resolver::do_resolve(
    std::string host, Handler<void(error_code, std::vector<boost::asio::ip::address>)> handler) {
  using Addresses = std::vector<boost::asio::ip::address>;
  using Inner = Handler<void(error_code, Addresses)>;
  resolver_.async_resolve(
      host, "", bind_like(std::move(handler), resolver_.get_executor(), [](Inner inner) {
        return [h = std::move(inner)](error_code error, tcp::resolver::results_type found) mutable {
          Addresses addresses;
          for (const auto& entry : found) {
            const auto address = entry.endpoint().address();
            if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
              addresses.push_back(address);
            }
          }
          if (!error && addresses.empty()) error = boost::asio::error::host_not_found;
          std::move(h)(error, std::move(addresses));
        };
      }));
}

}  // namespace prometheus_rsocket::net
